"""The Litestar application: controllers, one error shape, one document."""

from litestar import Litestar, MediaType, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import AnyCallable

from rex_auth_edge import __version__
from rex_auth_edge.web import problems
from rex_auth_edge.web.api.account import Profile, Sessions
from rex_auth_edge.web.api.devices import Devices
from rex_auth_edge.web.api.household import House, Invites
from rex_auth_edge.web.api.members import Members, MembersActivity
from rex_auth_edge.web.api.passwords import Passwords
from rex_auth_edge.web.api.registration import Registration
from rex_auth_edge.web.api.signin import SignIn
from rex_auth_edge.web.api.validation import Validation
from rex_auth_edge.web.api.wellknown import Probes, wellknown
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.document import DocumentConfig, operation_id
from rex_auth_edge.web.oauth.endpoints import OAuth, discovery
from rex_auth_edge.web.pages.reference import reference, stylesheet
from rex_auth_edge.web.visit import Visit

_DOCUMENT = "/openapi.json"


class _Document(JsonRenderPlugin):
    """The document and nothing else: Litestar adds a copy of it at `/`, and an HTML page at every other short path."""

    def receive_router(self, router: Router) -> None:
        """Called once those are there."""
        router.routes = [route for route in router.routes if route.path == _DOCUMENT]


_OPENAPI = DocumentConfig(
    title="rex-auth-edge",
    version=__version__,
    description="A household's own identity provider.",
    path="/",
    use_handler_docstrings=True,
    operation_id_creator=operation_id,
    render_plugins=[_Document(path=_DOCUMENT, media_type=MediaType.JSON)],
)


def litestar_app(desk: Desk, probes: Probes) -> Litestar:
    """The application without its shell (see `web.shell`)."""
    return Litestar(
        [
            Registration,
            SignIn,
            Validation,
            Passwords,
            Profile,
            Sessions,
            House,
            Invites,
            Members,
            MembersActivity,
            Devices,
            OAuth,
            discovery,
            *wellknown(desk.parts, probes),
            reference,
            stylesheet,
        ],
        dependencies={"visit": Provide(_visit(desk), sync_to_thread=False)},
        exception_handlers=problems.handlers,
        openapi_config=_OPENAPI,
        state=State({"desk": desk}),
        logging_config=None,
        request_max_body_size=None,
    )


def _visit(desk: Desk) -> AnyCallable:
    def visit(request: Request) -> Visit:  # type: ignore[type-arg]
        return Visit(request, desk)

    return visit
