"""A hub's request in one transaction: answered out of its household's cells, and adopted by the ordinary tables."""

import logging
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.messages import COMPARE, HELLO, PULL, PUSH
from rex_auth_edge.exchange.mirror import adopt, beyond
from rex_auth_edge.exchange.stores.cloud import NotSharedError, SqlCloud, member_of, standing_of
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.bodies import Compare, Hello, Pull, Push, Refusal, Why
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.answer import Occasion, answer
from rex_auth_edge.sync.cloud.greeting import spoken
from rex_auth_edge.sync.cloud.store import Member
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.wire import WireError, encode, name_of

_BODIES: dict[str, type[Struct]] = {HELLO: Hello, PUSH: Push, PULL: Pull, COMPARE: Compare}
NONCE_BYTES = 16
_log = logging.getLogger(__name__)
_ELSEWHERE = Refused(Code.BAD_REQUEST, "This body doesn't belong to this address")


async def keys(parts: Parts, tenant_id: UUID, hub: bytes) -> tuple[bytes, ...]:
    """A hub's public keys; none where there is no such hub."""

    def query(conn: sa.Connection) -> tuple[bytes, ...]:
        found = member_of(conn, tenant_id, hub)
        return () if found is None else found.keys

    return await parts.store.read(query)


async def at(parts: Parts, tenant_id: UUID) -> Position:
    """How far the household has got; nowhere where it isn't shared."""

    def query(conn: sa.Connection) -> Position:
        found = standing_of(conn, tenant_id)
        return START if found is None else found.at

    return await parts.store.read(query)


async def answered(
    parts: Parts, tenant_id: UUID, hub: bytes, key: bytes, path: str, raw: bytes, age: int = 0
) -> bytes | Refused:
    """The answer's bytes; what couldn't be read is answered as well, and has changed nothing.

    `age` is how long ago the hub has made the request, in milliseconds.
    """
    try:
        if name_of(raw) != _BODIES[path].__name__:
            return _ELSEWHERE
    except WireError:
        return encode(Refusal(Why.MALFORMED))
    return await parts.store.write(
        lambda tx: _answered(tx, parts, tenant_id, (hub, key, age), raw), urgent=path == PUSH
    )


def _note_versions(member: Member | None, hub: bytes, raw: bytes) -> None:
    if member is not None and name_of(raw) == Hello.__name__ and spoken(member) != "active":
        said = "Hub %s isn't listened to, since its program is %s: it speaks versions %d to %d of the exchange."
        _log.warning(said, UUID(bytes=hub), spoken(member), *member.speaks)


def _answered(tx: Tx, parts: Parts, tenant_id: UUID, asker: tuple[bytes, bytes, int], raw: bytes) -> bytes:
    hub, key, age = asker
    try:
        store = SqlCloud(tx, tenant_id)
    except NotSharedError:
        return encode(Refusal(Why.UNKNOWN_KEY))
    fresh = tx.entropy.token_bytes(NONCE_BYTES)
    occasion = Occasion(store, tx.node.id.bytes, tx.now.wall, fresh, parts.naming(tenant_id), age=age)
    said = answer(occasion, hub, key, raw)
    _note_versions(store.member(hub), hub, raw)
    keeping.remove_ended(store, store.dirty)
    store.flush()
    if name_of(raw) == Hello.__name__:  # another program may have been here before
        adopt(tx, parts, tenant_id, store, beyond(tx.conn, tenant_id))
    if store.dirty:
        adopt(tx, parts, tenant_id, store, tuple(store.dirty))
        tx.touched.setdefault(tenant_id, set())  # so that whoever waits is told
    return said
