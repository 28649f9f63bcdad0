"""A household's hubs, as its owners see them in the cloud and remove them."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import durations
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.oversight.changing import changing
from rex_auth_edge.exchange.oversight.deciding import Told, told_owners
from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud, hubs_of
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.arrivals import place_of
from rex_auth_edge.sync.cloud.greeting import spoken
from rex_auth_edge.sync.cloud.store import Member
from rex_auth_edge.sync.house import House, field
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.rules import distrust
from rex_auth_edge.sync.rules.distrust import distrusted
from rex_auth_edge.sync.state import Cell

NO_HUB = Refused(Code.NOT_FOUND, "There is no such hub")
_SPENT = Refused(Code.NOT_FOUND, "This hub was removed before")
_NOT_STOLEN = Refused(
    Code.INVALID_FIELD, "Since when a hub isn't trusted is said of a stolen one only", {"since": "not stolen"}
)
_NO_TIME = Refused(
    Code.INVALID_FIELD,
    "That is no time: say 30m, 12h or 7d ago, or 2026-12-24 or 2026-12-24T18:00",
    {"since": "not a time"},
)
_TO_COME = Refused(Code.INVALID_FIELD, "That time is still to come", {"since": "to come"})


@dataclass(frozen=True, slots=True)
class Hub:
    """`seen_at` is when it was last heard of, in milliseconds since 1970.

    `state` is active, removed, or why the hub isn't listened to. It is locked where there are two of it, until an owner
    lets one in anew. Outdated, its program is too old for the cloud's; ahead, the cloud's is too old for it.
    """

    id: UUID
    name: str
    state: str
    seen_at: int


async def listed(parts: Parts, actor: Actor) -> list[Hub] | Refused:
    """The household's hubs, removed ones included."""

    def query(conn: sa.Connection) -> list[Hub] | Refused:
        if (refused := forbidden(conn, parts.clock.now(), actor, Act.HUBS)) is not None:
            return refused
        house = Shown(conn, actor.tenant_id)
        return [_hub(house, hub_id, member) for hub_id, member in hubs_of(conn, actor.tenant_id)]

    return await parts.store.read(query)


def _hub(house: House, hub_id: UUID, member: Member) -> Hub:
    name = field(house, Cell(Kind.HUB, hub_id.bytes), "name")
    state = "removed" if member.removed else "locked" if member.locked else spoken(member)
    return Hub(hub_id, name if isinstance(name, str) else "", state, member.contact)


async def remove(
    parts: Parts, actor: Actor, hub_id: UUID, *, stolen: bool = False, since: str = ""
) -> list[Told] | Refused:
    """End the hub's keys and the sessions that it has begun. What owners are told of what it has left behind.

    A `stolen` one is trusted in nothing that has arrived from it `since` then (as in `durations.moment`; without it,
    ever): who and what came by it goes, and everybody whose password it could check sets a new one; also where it was
    removed before without that, maybe by itself, or from a later time on.
    """
    theft = _Theft(since) if stolen else None
    if since and theft is None:
        return _NOT_STOLEN
    return await parts.store.write(lambda tx: _remove(tx, parts, actor, hub_id, theft), urgent=True)


@dataclass(frozen=True, slots=True)
class _Theft:
    """Since when it is, as somebody wrote it; empty for ever."""

    since: str

    def place(self, store: SqlCloud, now: int) -> Position | Refused:
        """The last place up to which the hub is trusted; `now` is by the cloud's clock, as is when a change came."""
        if not self.since:
            return START
        at = durations.moment(now, self.since)
        if at is None:
            return _NO_TIME
        return _TO_COME if at > now else place_of(store.hours(), store.standing().at, at)


def _remove(tx: Tx, parts: Parts, actor: Actor, hub_id: UUID, theft: _Theft | None) -> list[Told] | Refused:
    if (refused := refusal(tx, actor, Act.REMOVE_HUB)) is not None:
        return refused
    try:
        store = SqlCloud(tx, actor.tenant_id)
    except NotSharedError:
        return NO_HUB
    place = None if theft is None else theft.place(store, tx.now.wall)
    if isinstance(place, Refused):
        return place
    if (refused := _is_over(store, hub_id.bytes, place)) is not None:
        return refused
    fields = {} if place is None else distrust.said(hub_id.bytes, place, parts.naming(actor.tenant_id))
    if fields and actor.session_id:
        fields[distrust.SPARED] = actor.session_id.bytes
    by = actor.user_id.bytes if actor.user_id else None
    with changing(tx, parts, store) as scribe:
        scribe.write(Cell(Kind.HUB, hub_id.bytes), scribe.pen().climb(REVOKED, by, **fields), by)
        keeping.remove_ended(store, store.dirty)
        news = {cell.id for cell in store.dirty if cell.kind == Kind.NOTICE}
    said = {"stolen": theft is not None, "since": theft.since if theft else ""}
    note(tx, actor, Act.REMOVE_HUB, detail={"hub": str(hub_id), **said})
    return [each for each in told_owners(store, b"") if each.id.bytes in news]


def _is_over(store: SqlCloud, hub: bytes, since: Position | None) -> Refused | None:
    """Why there is nothing to remove; a hub that was removed before may be distrusted since then, or since earlier."""
    member, known = store.member(hub), distrusted(Cell(Kind.HUB, hub), store)
    if member is None:
        return NO_HUB
    distrusts = since is not None and (known is None or since < known)
    return _SPENT if member.removed and not distrusts else None
