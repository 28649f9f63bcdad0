"""Where a device asks that a person confirm something on their phone (OpenID CIBA Core section 7, poll mode)."""

from typing import Any

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError, missing
from rex_auth_edge.flows.devices import confirming as flow
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.oauth.asking import Asking
from rex_auth_edge.web.oauth.persons import scopes_of
from rex_auth_edge.web.visit import Visit

_BAD_EXPIRY = Refused(
    Code.INVALID_FIELD, "requested_expiry is a number of seconds, 60 to 300", {"requested_expiry": "not good"}
)
_DIGITS = 6


class BackchannelRequest(msgspec.Struct):
    """CIBA section 7.1: `login_hint` is the person's username or id."""

    login_hint: str | None = None
    scope: str | None = None
    binding_message: str | None = None
    requested_expiry: int | str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    client_assertion_type: str | None = None
    client_assertion: str | None = None


class Confirming(Controller):
    """POST oauth/backchannel_authentication."""

    path = "/oauth"

    @post("/backchannel_authentication", status_code=200)
    async def ask(self, data: JSONBody[BackchannelRequest], visit: NamedDependency[Visit]) -> Response[dict[str, Any]]:
        """Ask a person on their phone whether this device may do something for them; then poll the token endpoint."""
        asking = Asking(visit, visit.desk.proofs, "/oauth/backchannel_authentication")

        async def work() -> dict[str, Any]:
            device = await asking.device(data.client_id, data.client_secret, data.client_assertion)
            wish = flow.Wish(_who(data), scopes_of(data.scope), data.binding_message, _seconds(data.requested_expiry))
            asked = unless_refused(await flow.ask(visit.desk.parts, device, wish, visit.caller))
            said = {"auth_req_id": asked.code, "expires_in": asked.life, "interval": asked.pace}
            return said | {"say": _sentence(asked.name, visit.desk.parts.url)}

        return await asking.answered(work, spoken=True)


def _who(data: BackchannelRequest) -> str:
    if (refused := missing(login_hint=data.login_hint)) is not None:
        raise RefusedError(refused)
    return data.login_hint or ""


def _seconds(wished: int | str | None) -> int | None:
    """Raises RefusedError for what is no number of seconds; out of bounds it is brought into them."""
    text = "" if wished is None else str(wished)
    if text and not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise RefusedError(_BAD_EXPIRY)
    return int(text) if text else None


def _sentence(name: str, url: str) -> str:
    place = url.partition("://")[2]
    return f"{name}, please confirm that on your phone, at {place}. I'm waiting for your answer there."
