"""Where a device asks to be let in (RFC 8628 section 3.1); in the answer, what its voice says."""

from typing import Any

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from rex_auth_edge.domain import devices
from rex_auth_edge.domain.asks import Way
from rex_auth_edge.domain.devices import Kind, Wish
from rex_auth_edge.domain.refusals import Code, Refused, RefusedError, missing
from rex_auth_edge.flows.devices import asking as flow
from rex_auth_edge.flows.devices.proving import NOT_THE_DEVICE
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.oauth.asking import Asking
from rex_auth_edge.web.rates import Rule
from rex_auth_edge.web.visit import Visit

CLIENT = "rex-device"
"""The public client as which every device asks that the hub doesn't know yet."""
_BAD_WAY = Refused(
    Code.INVALID_FIELD, "way is grant (a code to type) or window (words to compare)", {"way": "not good"}
)


class DeviceAuthorizationRequest(msgspec.Struct):
    """RFC 8628 section 3.1, and what the device says of itself; `tenant` is a household's slug or id."""

    client_id: str | None = None
    scope: str | None = None
    name: str | None = None
    kind: str | None = None
    room: str | None = None
    way: str | None = None
    tenant: str | None = None


class Pairing(Controller):
    """POST oauth/device_authorization."""

    path = "/oauth"

    @post("/device_authorization", status_code=200)
    async def ask(
        self, data: JSONBody[DeviceAuthorizationRequest], visit: NamedDependency[Visit]
    ) -> Response[dict[str, Any]]:
        """Ask to be let in while an owner's window is open: codes for a person, and one to poll the token with."""
        asking = Asking(visit, visit.desk.proofs, "/oauth/device_authorization")

        async def work() -> dict[str, Any]:
            # The rate comes first: strangers' keys are as many as they like, and the memory of proofs is everybody's.
            await visit.spend(Rule.ASK, visit.address)
            key = await asking.key()
            parts, wish = visit.desk.parts, _wish(data, visit.address)
            way = Way.WINDOW if data.way == Way.WINDOW else Way.GRANT
            made = await flow.ask(parts, data.tenant, way, wish, key, visit.caller)
            return _answer(unless_refused(made), f"{parts.url}/device")

        return await asking.answered(work)


def _wish(data: DeviceAuthorizationRequest, address: str) -> Wish:
    """What is asked for; a program that only speaks RFC 8628 has no name to tell. Raises RefusedError."""
    if (refused := missing(client_id=data.client_id)) is not None:
        raise RefusedError(refused)
    if data.client_id != CLIENT:
        raise RefusedError(NOT_THE_DEVICE)
    if data.way not in {None, Way.GRANT.value, Way.WINDOW.value}:
        raise RefusedError(_BAD_WAY)
    name = data.name or f"Device at {address}"
    made = devices.wish(name, data.kind or Kind.OTHER.value, data.room, (data.scope or "").split())
    if isinstance(made, Refused):
        raise RefusedError(made)
    return made


def _answer(asked: flow.Asked, uri: str) -> dict[str, Any]:
    """RFC 8628 section 3.2."""
    said = {
        "device_code": asked.code, "verification_uri": uri, "expires_in": asked.life, "interval": asked.pace
    }  # fmt: skip
    if asked.user_code is None:
        return said | {"nonce": asked.nonce}
    spoken = " ".join(asked.words)
    codes = {"user_code": asked.user_code, "verification_words": spoken, "say": _sentence(asked.words, uri)}
    return said | codes | {"verification_uri_complete": f"{uri}?user_code={asked.user_code}"}


def _sentence(words: tuple[str, ...], uri: str) -> str:
    """Ready to be spoken: pauses between the words, and once more for who was still looking for a phone."""
    place, slow = uri.partition("://")[2], ", ".join(words)
    return (
        f"To let me in, open {place} on your phone and sign in as an owner. Then enter these four words: {slow}. "
        f"Once more: {slow}."
    )
