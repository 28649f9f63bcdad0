"""A household's hubs, as its owners see them in the cloud and remove them."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.mirror import adopt
from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud
from rex_auth_edge.exchange.stores.scribes import CloudScribe
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_members
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import START
from rex_auth_edge.sync.removal import DISTRUST
from rex_auth_edge.sync.state import EMPTY, Cell
from rex_auth_edge.sync.store import Member
from rex_auth_edge.sync.wire import pack_state, unpack_state

_EMPTY = pack_state(EMPTY)
_member = msgspec.msgpack.Decoder(Member).decode
NO_HUB = Refused(Code.NOT_FOUND, "There is no such hub")
_SPENT = Refused(Code.NOT_FOUND, "This hub was removed before")


@dataclass(frozen=True, slots=True)
class Hub:
    """`seen_at` is when it was last heard of, in milliseconds since 1970; `state` is active, locked or removed.

    A hub is locked where there are two of it: then neither is listened to until an owner lets one in anew.
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
        return [_hub(conn, actor.tenant_id, hub_id, raw) for hub_id, raw in sync_members.members(conn, actor.tenant_id)]

    return await parts.store.read(query)


def _hub(conn: sa.Connection, tenant_id: UUID, hub_id: UUID, raw: bytes) -> Hub:
    member = _member(raw)
    held = unpack_state(sync_members.cell(conn, tenant_id, Kind.HUB, hub_id) or _EMPTY).fields.get("name")
    state = "removed" if member.removed else "locked" if member.locked else "active"
    return Hub(hub_id, held.value if held is not None and isinstance(held.value, str) else "", state, member.contact)


async def remove(parts: Parts, actor: Actor, hub_id: UUID, *, stolen: bool = False) -> Refused | None:
    """End the hub's keys and the sessions that it has begun.

    A `stolen` one is trusted in nothing that it has ever let in: who and what came by it goes, and everybody whose
    password it could check sets a new one.
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
    if member.removed:
        return _SPENT
    keeping.remove(store, hub_id.bytes)
    scribe = CloudScribe(store, tx.now.wall)
    by = actor.user_id.bytes if actor.user_id else None
    fields = {DISTRUST: tuple(START)} if stolen else {}
    scribe.write(Cell(Kind.HUB, hub_id.bytes), scribe.pen().climb(REVOKED, by, **fields), by)
    store.flush()
    adopt(tx, parts, actor.tenant_id, store, tuple(store.dirty))
    tx.touched.setdefault(actor.tenant_id, set())
    note(tx, actor, Act.REMOVE_HUB, detail={"hub": str(hub_id), "stolen": stolen})
    return None
