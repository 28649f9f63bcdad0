"""People decide on devices that ask: what asks, and from where, is shown before anybody lets it in."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import asks
from rex_auth_edge.domain.asks import AskState, Way
from rex_auth_edge.domain.hub_names import is_private
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.devices.adding import SAME_KEY
from rex_auth_edge.flows.devices.asking import compared, means
from rex_auth_edge.flows.devices.records import Change, changed
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import device_asks, devices
from rex_auth_edge.storage.columns import deadline_of
from rex_auth_edge.storage.tx import Tx

NO_ASK = Refused(Code.NOT_FOUND, "No device asks for this, or no longer: have it ask again")
_WIDER = Refused(Code.INVALID_FIELD, "A device can be given only what it asks for", {"scopes": "more than it asks for"})


@dataclass(frozen=True, slots=True)
class Ask:
    """A device that asks: what it says of itself, and what the hub has seen. Times in milliseconds since 1970.

    `at_home` says whether `asked_from` is an address of a home's network; `compare` are the six words that the device
    shows as well, where it asks in that way.
    """

    id: UUID
    way: Way
    name: str
    kind: str
    room: str | None
    scopes: tuple[str, ...]
    asked_from: str
    at_home: bool
    asked_at: int
    expires_at: int
    compare: tuple[str, ...]


def _shown(parts: Parts, row: Any) -> Ask:
    return Ask(
        row.id, Way(row.way), row.name, row.kind, row.room, tuple(row.scopes.split()), row.asked_from or "",
        at_home(row.asked_from or ""), row.created_at, row.expires_at, compared(parts, row),
    )  # fmt: skip


def at_home(address: str) -> bool:
    """Whether an address is one that homes have (RFC 1918, RFC 4193, link-local) and not one of the internet's."""
    try:
        return is_private(ip_address(address))
    except ValueError:
        return False


async def listed(parts: Parts, actor: Actor) -> list[Ask] | Refused:
    """What asks and hasn't been decided on, the oldest first. Their codes are with the devices alone."""

    def query(conn: sa.Connection) -> list[Ask] | Refused:
        now = parts.clock.now()
        rows = device_asks.pending(conn, actor.tenant_id, now, Way.GRANT, Way.WINDOW)
        return forbidden(conn, now, actor, Act.ASKS) or [_shown(parts, row) for row in rows]

    return await parts.store.read(query)


async def look(parts: Parts, actor: Actor, code: str | None) -> Ask | Refused:
    """What asks with a code that somebody has typed or said; a wrong one is counted."""
    if (refused := missing(code=code)) is not None:
        return refused

    def work(tx: Tx) -> Ask | Refused:
        if (refused := refusal(tx, actor, Act.ASKS)) is not None:
            return refused
        row = _meant(tx, parts, actor, code or "")
        return row if isinstance(row, Refused) else _shown(parts, row)

    return await parts.store.write(work)


async def approve(parts: Parts, actor: Actor, ask_id: UUID, code: str | None, wanted: Change) -> Ask | Refused:
    """Let the device in that asks with this code: under another name, elsewhere or with fewer scopes, as wanted.

    It comes with its next poll, and is in the household from then on.
    """

    def work(tx: Tx) -> Ask | Refused:
        if (refused := refusal(tx, actor, Act.ADD_DEVICE, ask_id)) is not None:
            return refused
        if device_asks.hold(tx, actor.tenant_id, ask_id) is None:
            return NO_ASK
        if (refused := missing(code=code)) is not None:
            return refused
        row = _meant(tx, parts, actor, code or "")
        if isinstance(row, Refused):
            return row
        return _approve(tx, parts, actor, row, wanted) if row.id == ask_id else NO_ASK

    return await parts.store.write(work)


def _approve(tx: Tx, parts: Parts, actor: Actor, row: Any, wanted: Change) -> Ask | Refused:
    values = changed(row, wanted, _WIDER)
    if isinstance(values, Refused):
        return values
    if row.thumbprint and devices.with_key(tx.conn, actor.tenant_id, bytes(row.thumbprint)) is not None:
        return SAME_KEY
    if not device_asks.move(tx, row, AskState.APPROVED, decided_by=actor.user_id, **values):
        return NO_ASK
    note(tx, actor, "devices.approved", row.id, detail=values | {"from": row.asked_from or ""})
    return _shown(parts, device_asks.get(tx.conn, actor.tenant_id, row.id))


async def deny(parts: Parts, actor: Actor, ask_id: UUID) -> Refused | None:
    """Refuse a device that asks; one that was approved too, until it has come."""

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.ASKS, ask_id)) is not None:
            return refused
        row = device_asks.hold(tx, actor.tenant_id, ask_id)
        if row is None or not _undecided(row, tx):
            return NO_ASK
        device_asks.move(tx, row, AskState.DENIED, decided_by=actor.user_id)
        note(tx, actor, "devices.denied", row.id, detail={"name": row.name})
        return None

    return await parts.store.write(work, urgent=True)


def _undecided(row: Any, tx: Tx) -> bool:
    expires = deadline_of(row, "expires")
    alive = expires is not None and not expires.passed(tx.now)
    return alive and row.way != Way.SCAN and row.state in {AskState.PENDING, AskState.APPROVED}


def _meant(tx: Tx, parts: Parts, actor: Actor, typed: str) -> Any | Refused:
    """The pending ask with this code; a wrong one counts against each, for it was a guess at all of them."""
    rows = device_asks.pending(tx.conn, actor.tenant_id, tx.now, Way.GRANT, Way.WINDOW)
    found = [row for row in rows if means(parts, row, typed)]
    if found:
        return found[0]
    misses = [(row, device_asks.miss(tx, row)) for row in rows]
    worn = [row for row, count in misses if count >= asks.MISSES]
    ended = [row for row in worn if device_asks.move(tx, row, AskState.MISSED)]
    refused = _wrong(asks.MISSES - max((count for row, count in misses if row not in worn), default=asks.MISSES))
    note(tx, actor, "devices.missed", outcome=refused.code, detail={"ended": [str(row.id) for row in ended]})
    return refused


def _wrong(left: int) -> Refused:
    """The refusal; `left` is how many wrong codes more whatever asks will bear."""
    told = f"{left} wrong code{'s' if left > 1 else ''} more, and it has to ask anew" if left else "have it ask anew"
    sentence = f"No device asks with this code: look again at what it shows; {told}"
    return Refused(Code.INVALID_PAIRING_CODE, sentence, {"code": "wrong"})
