"""Forward-auth: what nginx (auth_request), Caddy (forward_auth) and Traefik (ForwardAuth) ask for every request."""

from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.flows import forward
from rex_auth_edge.flows.forward import Demand, Holder
from rex_auth_edge.flows.people import Person
from rex_auth_edge.web import forwarded
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.asgi import Scope, header
from rex_auth_edge.web.desk import Desk
from rex_auth_edge.web.problems import body_of, headers_of, status_of
from rex_auth_edge.web.rates import Rule
from rex_auth_edge.web.visit import MISSING, Visit

FORWARD = paths("forward")

_NAMES = frozenset({"role", "scope", "household", "redirect"})
_NOBODY = "none"
_MENDED_BY_SIGN_IN = frozenset({Code.MISSING_TOKEN, Code.INVALID_TOKEN, Code.TOKEN_EXPIRED})
_BAD_QUERY = Refused(
    Code.INVALID_FIELD,
    "The query says role=owner, adult, child, guest or none, scope=..., household=ID, redirect=true; and nothing else",
)


class Forward(Controller):
    """GET auth/forward."""

    @get(FORWARD)
    async def ask(
        self,
        visit: NamedDependency[Visit],
        role: FromQuery[str | None] = None,  # noqa: ARG002  these are for the document: `demand` reads all of the query
        scopes: Annotated[str | None, QueryParameter(name="scope")] = None,  # noqa: ARG002
        household: FromQuery[str | None] = None,  # noqa: ARG002
        redirect: FromQuery[str | None] = None,
    ) -> Response[Any]:
        """Whether a request to a service may pass, and who makes it: in headers, with an empty body."""
        desk, asked = visit.desk, dict(visit.request.scope)
        try:
            who = passing(desk, asked)
            person = await desk.people.find(who.tenant_id, who.subject) if who.role else None
            names = identity(who, visit.unless_gone(person) if who.role else None)
        except RefusedError as error:
            return await _refusal(visit, asked, error.refused, redirect=redirect == "true")
        return Response(b"", headers={name.decode(): value.decode("latin-1") for name, value in names})


@lru_cache(maxsize=64)
def demand(query: bytes) -> Demand:
    """Whom a query string lets in. Raises RefusedError for one that says something else: a slip must open no door."""
    pairs = parse_qsl(query.decode(), keep_blank_values=True)
    said = {"role": Role.GUEST.value, "scope": "", "household": "", "redirect": "false"} | dict(pairs)
    once = len({name for name, _ in pairs}) == len(pairs)
    if not once or len(said) != len(_NAMES) or said["redirect"] not in {"true", "false"}:
        raise RefusedError(_BAD_QUERY)
    try:
        household = UUID(said["household"]) if said["household"] else None
        role = None if said["role"] == _NOBODY else Role(said["role"])
    except ValueError:
        raise RefusedError(_BAD_QUERY) from None
    return Demand(household, role, frozenset(said["scope"].split()))


def passing(desk: Desk, scope: Scope) -> Holder:
    """Who may pass, by Bearer token or by cookie. Raises RefusedError. Asks no database, and counts nothing."""
    wanted = demand(scope["query_string"])
    found: Holder | Refused = MISSING
    if (token := _bearer(scope)) is not None:
        found = forward.holder(desk.parts, desk.authenticator, token)
    if isinstance(found, Refused) and (token := _cookie(scope)) is not None:
        by_cookie = _by_cookie(desk, scope, token)
        found = by_cookie if found is MISSING or not isinstance(by_cookie, Refused) else found
    refused = found if isinstance(found, Refused) else forward.barred(desk.parts, wanted, found)
    if isinstance(found, Refused) or refused is not None:
        raise RefusedError(refused or MISSING)
    return found


def _by_cookie(desk: Desk, scope: Scope, token: str) -> Holder | Refused:
    asked = forwarded.original(scope, desk.options)
    if asked is None:
        return forwarded.UNTOLD
    found = forward.person(desk.authenticator, token)
    return found if isinstance(found, Refused) else forwarded.forgery(scope, asked, desk.options) or found


def identity(who: Holder, person: Person | None) -> list[tuple[bytes, bytes]]:
    """The headers that say who it is; names in UTF-8. A device's or a pass's has a colon, as no person's can."""
    said = {b"remote-user": f"{who.group}:{who.subject}", b"remote-groups": who.group}
    if person is not None:
        said |= {b"remote-user": person.username, b"remote-name": person.name, b"remote-email": person.email or ""}
    said |= {b"x-rex-subject": str(who.subject), b"x-rex-household": str(who.tenant_id)}
    return [(name, _plain(value)) for name, value in said.items() if value]


def _plain(value: str) -> bytes:
    return "".join(char for char in value if char.isprintable()).encode()


async def _refusal(visit: Visit, scope: Scope, refused: Refused, *, redirect: bool) -> Response[Any]:
    """401 or 403; for a person at a browser with where to sign in, and 302 where the proxy hands that on."""
    options = visit.desk.options
    asked = forwarded.original(scope, options) if refused.code in _MENDED_BY_SIGN_IN else None
    where = forwarded.sign_in_at(scope, asked, options) if asked else None
    if refused.code is Code.INVALID_TOKEN and where is None:
        await visit.failed(Rule.VALIDATE, "")
    headers = headers_of(refused) | ({"Location": where} if where else {})
    if refused.code in _MENDED_BY_SIGN_IN:
        error = "" if refused.code is Code.MISSING_TOKEN else f', error="{Code.INVALID_TOKEN}"'
        headers["WWW-Authenticate"] = f'Bearer realm="rex"{error}'
    status = 302 if where and redirect else status_of(refused)
    return Response(body_of(refused), status_code=status, headers=headers)


def _bearer(scope: Scope) -> str | None:
    """The token of an `Authorization: Bearer` header; other schemes are the service's own business."""
    scheme, _, token = (header(scope, b"authorization") or b"").decode("latin-1").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _cookie(scope: Scope) -> str | None:
    """The access token's cookie."""
    for name, lines in scope["headers"]:
        if name == b"cookie":
            for pair in bytes(lines).decode("latin-1").split(";"):
                key, _, value = pair.strip().partition("=")
                if key == "access_token" and value:
                    return value
    return None
