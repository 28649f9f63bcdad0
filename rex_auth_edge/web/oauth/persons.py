"""Devices that act for people: for whom they have recognised (RFC 8693), and for who has confirmed (OpenID CIBA)."""

from typing import Any, Protocol

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError, missing
from rex_auth_edge.flows.devices import acting, confirming
from rex_auth_edge.flows.devices.issuing import Issued
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.visit import Visit

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  a type's name
RECOGNISED = "urn:rex:token-type:recognised"
"""The type of a `subject_token` that is no token: the username or id of a person, for whom nothing has been proven."""
_TYPES = Refused(
    Code.INVALID_FIELD,
    f"subject_token_type is {RECOGNISED}, requested_token_type an access token's if anything; the actor is the client",
)


class Exchange(Protocol):
    """What of a request is about the exchange."""

    subject_token: str | None
    subject_token_type: str | None
    requested_token_type: str | None
    actor_token: str | None
    scope: str | None


async def exchanged(visit: Visit, device: Any, asked: Exchange) -> Issued:
    """A token of the device's for the person whom it has recognised. Raises RefusedError."""
    if (lacking := missing(subject_token=asked.subject_token, subject_token_type=asked.subject_token_type)) is not None:
        raise RefusedError(lacking)
    meant = asked.subject_token_type == RECOGNISED and asked.requested_token_type in {None, ACCESS_TOKEN}
    if not meant or asked.actor_token is not None:
        raise RefusedError(_TYPES)
    scopes = scopes_of(asked.scope)
    who = asked.subject_token or ""
    return unless_refused(await acting.exchange(visit.desk.parts, device, who, scopes, visit.caller))


async def confirmed(visit: Visit, device: Any, code: str | None) -> Issued:
    """A token of the device's for what a person has confirmed. Raises RefusedError."""
    if (lacking := missing(auth_req_id=code)) is not None:
        raise RefusedError(lacking)
    return unless_refused(await confirming.redeem(visit.desk.parts, device, code or "", visit.caller))


def scopes_of(text: str | None) -> tuple[str, ...] | None:
    """Scopes with spaces between (RFC 6749 section 3.3); None where none are named."""
    return None if text is None else tuple(text.split())
