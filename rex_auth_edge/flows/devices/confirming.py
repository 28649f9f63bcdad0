"""Asking a person to confirm on their phone what a device is to do for them (OpenID CIBA, poll mode)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rex_auth_edge.client import levels
from rex_auth_edge.domain import confirming
from rex_auth_edge.domain.asks import PACE
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import MINUTE, SECOND, Deadline, Moment
from rex_auth_edge.domain.confirming import ConfirmationState
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows.devices import acting, issuing, polling
from rex_auth_edge.flows.devices.acting import Pair
from rex_auth_edge.flows.devices.issuing import Issued
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.hashes import Bearer, digest_of
from rex_auth_edge.storage import confirmations, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.columns import deadline_of
from rex_auth_edge.storage.tx import Tx

LIFE = 5 * MINUTE
"""How long the token lives that a person has agreed to."""
_SECRET = "confirmation"  # noqa: S105  a purpose's name
_ASK, _REDEEM = "confirmation.ask", "confirmation.redeem"
_UNKNOWN = Refused(Code.UNKNOWN_USER_ID, acting.NOT_FOR_THEM.message)
_OPEN = Refused(Code.CONFIRMATION_PAUSED, "This person has been asked already; wait for their answer")
_PENDING = Refused(Code.AUTHORIZATION_PENDING, "The person hasn't answered yet; ask again in a while")
_DENIED = Refused(Code.ACCESS_DENIED, "The person has refused")
_EXPIRED = Refused(Code.EXPIRED_TOKEN, "The person hasn't answered in time; nothing is granted")
_BAD_MESSAGE = Refused(
    Code.INVALID_BINDING_MESSAGE, f"binding_message has at most {confirming.LONGEST_MESSAGE} printable characters"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a device wants to do for whom; `expiry` in seconds."""

    who: str
    scopes: tuple[str, ...] | None
    message: str | None = None
    expiry: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """`code` is the `auth_req_id`, told this once; `life` and `pace` in seconds; `name` is the person's."""

    code: str
    life: int
    pace: int
    name: str


async def ask(parts: Parts, device: Any, wish: Wish, caller: Caller) -> Asked | Refused:
    """Put it before the person, wherever they are signed in, unless they have been asked often enough."""
    message = (wish.message or "").strip() or None
    if message and (len(message) > confirming.LONGEST_MESSAGE or not message.isprintable()):
        return _BAD_MESSAGE

    def work(tx: Tx) -> Asked | Refused:
        pair = acting.paired(tx.conn, tx.now, parts, device, wish.who, wish.scopes)
        made = _ask(tx, parts, pair, message, wish.expiry, caller) if isinstance(pair, Pair) else pair
        person = pair.user.id if isinstance(pair, Pair) else None
        outcome = made.code if isinstance(made, Refused) else "success"
        detail = {"scopes": pair.scopes, "message": message} if isinstance(pair, Pair) else {}
        record(tx, device.tenant_id, Event(
            _ASK, outcome, actor_id=device.id, subject_id=person, caller=caller, detail=detail
        ))  # fmt: skip
        return _UNKNOWN if made is acting.NOT_FOR_THEM else made

    return await parts.store.write(work)


def _ask(tx: Tx, parts: Parts, pair: Pair, message: str | None, expiry: int | None, caller: Caller) -> Asked | Refused:
    device, user = pair.device, pair.user
    users.get(tx.conn, user.tenant_id, user.id, hold=True)  # one at a time asks the same person
    past = [
        row for row in confirmations.of_person(tx.conn, user.tenant_id, user.id) if _left(row, "counts", tx.now) > 0
    ]
    of_device = [row for row in past if row.device_id == device.id]
    if (refused := _too_many(past, of_device, tx.now)) is not None:
        return refused
    last = of_device[-1] if of_device else None
    misses = 1 if last is None or ConfirmationState(last.state).agreed else last.misses + 1
    confirmation_id, life = tx.new_id(), confirming.life(expiry)
    code = parts.bearers.mint(_SECRET, user.tenant_id, confirmation_id)
    confirmations.add(tx, {
        "tenant_id": user.tenant_id, "id": confirmation_id, "device_id": device.id, "user_id": user.id,
        "scopes": " ".join(pair.scopes), "message": message, "asked_from": caller.ip_address or None,
        "secret_hash": digest_of(code), "misses": misses,
    }, expires=tx.now.after(life), quiet=tx.now.after(life + confirming.pause(misses)),
       counts=tx.now.after(confirming.REMEMBERED))  # fmt: skip
    return Asked(code, life // SECOND, PACE, user.first_name or user.username)


def _left(row: Any, name: str, now: Moment) -> int:
    """Milliseconds until one of a row's deadlines, as of something imposed: no wall clock shortens it."""
    due: Deadline | None = deadline_of(row, name)
    return 0 if due is None else due.unserved(now)


def _too_many(past: Sequence[Any], of_device: Sequence[Any], now: Moment) -> Refused | None:
    """Why this person isn't asked now: so many wait, or weren't agreed to, that one more would only wear them out."""
    waiting = [row for row in past if confirmations.waits(row, now)]
    if len(waiting) >= confirming.OPEN or any(row in waiting for row in of_device):
        return _OPEN
    pause = max((_left(row, "quiet", now) for row in of_device), default=0)
    vain = [row for row in past if not ConfirmationState(row.state).agreed]
    if len(vain) >= confirming.A_DAY:
        pause = max(pause, _left(vain[-confirming.A_DAY], "counts", now))
    return _paused(pause) if pause > 0 else None


def _paused(pause: int) -> Refused:
    said = f"This person hasn't agreed to what came before: ask again in {-(-pause // SECOND)} seconds"
    return Refused(Code.CONFIRMATION_PAUSED, said, retry_after=-(-pause // SECOND))


async def redeem(parts: Parts, device: Any, code: str, caller: Caller) -> Issued | Refused:
    """What became of it; once the person has agreed, a token that says so, once."""
    bearer = parts.bearers.read(_SECRET, code)
    if bearer is None or bearer.tenant_id != device.tenant_id:
        return issuing.NOT_GRANTED
    return await parts.store.write(lambda tx: _poll(tx, parts, device, bearer, caller))


def _poll(tx: Tx, parts: Parts, device: Any, bearer: Bearer, caller: Caller) -> Issued | Refused:
    row = confirmations.get(tx.conn, bearer.tenant_id, bearer.row_id)
    if row is None or row.device_id != device.id or not parts.pepper.same(bearer.digest, bytes(row.secret_hash)):
        return issuing.NOT_GRANTED
    state = ConfirmationState(row.state)
    if state is ConfirmationState.DENIED:
        return _DENIED
    if state is ConfirmationState.REDEEMED:
        return issuing.NOT_GRANTED
    if state is ConfirmationState.WITHDRAWN or issuing.passed(deadline_of(row, "expires"), tx):
        return _EXPIRED
    if state is ConfirmationState.PENDING:
        return polling.wait(tx, row, confirmations.polled, _PENDING)
    return _granted(tx, parts, device, row, caller)


def _granted(tx: Tx, parts: Parts, device: Any, row: Any, caller: Caller) -> Issued | Refused:
    """Used up whatever comes of it: device and person are looked at again, as they are now."""
    if not confirmations.move(tx, row, ConfirmationState.REDEEMED):
        return issuing.NOT_GRANTED
    pair = acting.paired(tx.conn, tx.now, parts, device, str(row.user_id), tuple(row.scopes.split()))
    outcome = pair.code if isinstance(pair, Refused) else "success"
    detail = {"scopes": row.scopes.split()}
    record(tx, row.tenant_id, Event(
        _REDEEM, outcome, actor_id=device.id, subject_id=row.user_id, caller=caller, detail=detail
    ))  # fmt: skip
    if isinstance(pair, Refused):
        return _DENIED
    return acting.granted(tx, pair, "confirmed", levels.CONFIRMED, LIFE)
