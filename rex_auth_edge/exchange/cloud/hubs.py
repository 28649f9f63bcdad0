"""A household's hubs, as its owners see them in the cloud and remove them."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.mirror import adopt
from rex_auth_edge.exchange.oversight.shown import Shown
from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud, hubs_of
from rex_auth_edge.exchange.stores.scribes import CloudScribe
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.greeting import spoken
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import START
from rex_auth_edge.sync.removal import DISTRUST, distrusted
from rex_auth_edge.sync.standing import House, field
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.store import Member

NO_HUB = Refused(Code.NOT_FOUND, "There is no such hub")
_SPENT = Refused(Code.NOT_FOUND, "This hub was removed before")


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


async def remove(parts: Parts, actor: Actor, hub_id: UUID, *, stolen: bool = False) -> Refused | None:
    """End the hub's keys and the sessions that it has begun.

    A `stolen` one is trusted in nothing that it has ever let in: who and what came by it goes, and everybody whose
    password it could check sets a new one; also where it was removed before without that, maybe by itself.
    """
    return await parts.store.write(lambda tx: _remove(tx, parts, actor, hub_id, stolen=stolen), urgent=True)


def _remove(tx: Tx, parts: Parts, actor: Actor, hub_id: UUID, *, stolen: bool) -> Refused | None:
    if (refused := refusal(tx, actor, Act.REMOVE_HUB)) is not None:
        return refused
    try:
        store = SqlCloud(tx, actor.tenant_id)
    except NotSharedError:
        return NO_HUB
    member = store.member(hub_id.bytes)
    if member is None:
        return NO_HUB
    cell = Cell(Kind.HUB, hub_id.bytes)
    if member.removed and not (stolen and distrusted(cell, store) is None):
        return _SPENT
    keeping.remove(store, hub_id.bytes)
    scribe = CloudScribe(store, tx.now.wall, parts.naming(actor.tenant_id))
    by = actor.user_id.bytes if actor.user_id else None
    fields = {DISTRUST: tuple(START)} if stolen else {}
    scribe.write(cell, scribe.pen().climb(REVOKED, by, **fields), by)
    store.flush()
    adopt(tx, parts, actor.tenant_id, store, tuple(store.dirty))
    tx.touched.setdefault(actor.tenant_id, set())
    note(tx, actor, Act.REMOVE_HUB, detail={"hub": str(hub_id), "stolen": stolen})
    return None
