"""The Litestar application: controllers, one error shape, one document."""

import functools
from typing import cast

from litestar import Litestar, MediaType, Request, Router
from litestar.di import Provide
from litestar.openapi.plugins import JsonRenderPlugin

from rex_auth_edge import __version__
from rex_auth_edge.web import problems
from rex_auth_edge.web.api import wellknown
from rex_auth_edge.web.api.account import Profile, Sessions
from rex_auth_edge.web.api.children import ChildAsks, Children
from rex_auth_edge.web.api.confirmations import Confirmations
from rex_auth_edge.web.api.devices import Devices
from rex_auth_edge.web.api.forward import Forward
from rex_auth_edge.web.api.household import House, Invites
from rex_auth_edge.web.api.hubs import Hubs
from rex_auth_edge.web.api.members import Members, MembersActivity
from rex_auth_edge.web.api.pairing import Asks, PairingWindow
from rex_auth_edge.web.api.passes import GuestPass, Passes
from rex_auth_edge.web.api.passwords import Passwords
from rex_auth_edge.web.api.recovery import Presence, Recoveries
from rex_auth_edge.web.api.registration import Registration
from rex_auth_edge.web.api.signin import SignIn
from rex_auth_edge.web.api.syncing import Notices, Syncing
from rex_auth_edge.web.api.validation import Validation
from rex_auth_edge.web.api.wellknown import Probes
from rex_auth_edge.web.asgi import App, Receive, Scope, Send
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.document import DocumentConfig, operation_id
from rex_auth_edge.web.oauth.confirming import Confirming
from rex_auth_edge.web.oauth.endpoints import OAuth, discovery
from rex_auth_edge.web.oauth.pairing import Pairing
from rex_auth_edge.web.pages.reference import reference, stylesheet
from rex_auth_edge.web.visit import Visit

_DOCUMENT = "/openapi.json"
_DESK = "rex_auth_edge.desk"
"""Where in a request's scope the hub's desk is."""


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


def litestar_app(desk: Desk, probes: Probes, *, cloud: bool = False) -> App:
    """The application without its shell (see `web.shell`): what it is asked is about the hub of this desk."""

    async def at_desk(scope: Scope, receive: Receive, send: Send) -> None:
        scope.update({_DESK: desk, wellknown.PROBES: probes})
        await framework(scope, receive, send)

    framework = cast("App", _framework(cloud=cloud))
    return at_desk


@functools.cache
def _framework(*, cloud: bool = False) -> Litestar:
    """It knows nothing of any hub, so that several hubs in one process need to make it only once.

    In the `cloud` it has routes that a hub hasn't.
    """
    return Litestar(
        [
            Registration,
            SignIn,
            Validation,
            Forward,
            Passwords,
            Profile,
            Sessions,
            House,
            Invites,
            Members,
            MembersActivity,
            Devices,
            PairingWindow,
            Asks,
            Pairing,
            Presence,
            Recoveries,
            ChildAsks,
            Children,
            Passes,
            GuestPass,
            Syncing,
            Notices,
            Confirming,
            Confirmations,
            OAuth,
            discovery,
            *wellknown.HANDLERS,
            reference,
            stylesheet,
            *((Hubs,) if cloud else ()),
        ],
        dependencies={"visit": Provide(_visit, sync_to_thread=False)},
        exception_handlers=problems.handlers,
        openapi_config=_OPENAPI,
        logging_config=None,
        request_max_body_size=None,
    )


def _visit(request: Request) -> Visit:  # type: ignore[type-arg]
    return Visit(request, cast("Scope", request.scope)[_DESK])
