"""A device redeems its code (RFC 8628 section 3.4): at once where an owner has added it, else once one has approved."""

from collections.abc import Callable
from typing import Any

from rex_auth_edge.client import jose
from rex_auth_edge.domain import asks
from rex_auth_edge.domain.asks import AskState
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import SECOND, Deadline
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows.devices import adding, issuing
from rex_auth_edge.flows.devices.asking import DEVICE_CODE
from rex_auth_edge.flows.devices.issuing import Issued
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.hashes import Bearer
from rex_auth_edge.storage import device_asks
from rex_auth_edge.storage.columns import deadline_of
from rex_auth_edge.storage.tx import Tx

Polled = Callable[[Tx, Any, int, Deadline], None]
"""Puts on record when, and how often from then on, one may poll again."""

_PENDING = Refused(Code.AUTHORIZATION_PENDING, "Nobody has decided yet; ask again in a while")
_EXPIRED = Refused(Code.EXPIRED_TOKEN, "Nobody has decided in time; the device has to ask anew")
_DENIED = Refused(Code.ACCESS_DENIED, "An owner has refused this device")
_MISSED = Refused(Code.ACCESS_DENIED, "Too many wrong codes were typed; the device has to ask anew")
_ENDED = {AskState.DENIED: _DENIED, AskState.MISSED: _MISSED, AskState.WITHDRAWN: _EXPIRED}


async def redeem(parts: Parts, code: str, key: dict[str, str] | None, caller: Caller) -> Issued | Refused:
    """The first token for a code of either make, once; a code that a key has asked for is good for that key alone."""
    bearer = parts.bearers.read(DEVICE_CODE, code)
    if bearer is None:
        return await adding.redeem(parts, code, key, caller)
    return await parts.store.write(lambda tx: _poll(tx, parts, bearer, key, caller))


def _poll(tx: Tx, parts: Parts, bearer: Bearer, key: dict[str, str] | None, caller: Caller) -> Issued | Refused:
    row = device_asks.hold(tx, bearer.tenant_id, bearer.row_id)
    if row is None or issuing.passed(deadline_of(row, "expires"), tx):
        return _EXPIRED
    if not parts.pepper.same(bearer.digest, bytes(row.secret_hash)) or not _same_key(parts, row, key):
        return issuing.NOT_GRANTED
    state = AskState(row.state)
    if state is AskState.PENDING:
        return wait(tx, row, device_asks.polled, _PENDING)
    if state is AskState.APPROVED:
        return adding.let_in(tx, parts, row, key, caller)
    return _ENDED.get(state) or adding.again(tx, parts, row, key)


def _same_key(parts: Parts, row: Any, key: dict[str, str] | None) -> bool:
    """Whether the key is the one that has asked; none, where none has."""
    shown = jose.unbase64(jose.thumbprint(key)) if key else b""
    return parts.pepper.same(shown, bytes(row.thumbprint or b""))


def wait(tx: Tx, row: Any, polled: Polled, pending: Refused) -> Refused:
    """Whoever polls too soon has to poll more slowly from then on (RFC 8628 section 3.5), as the boot clock counts."""
    due = deadline_of(row, "poll")
    hasty = due is not None and not due.passed(tx.now)
    pace = row.pace + (asks.PACE if hasty else 0)
    polled(tx, row, pace, tx.now.after(pace * SECOND))
    return Refused(Code.SLOW_DOWN, f"Ask every {pace} seconds from now on") if hasty else pending
