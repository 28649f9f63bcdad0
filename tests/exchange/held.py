"""Something that synchronisation holds back, and something that it has decided: put there as if it had come."""

from itertools import count
from typing import Any
from uuid import UUID

from rex_auth_edge.exchange.stores.hub import SqlHub, enrol, enrolled
from rex_auth_edge.exchange.stores.scribes import HubScribe
from rex_auth_edge.storage.sync_enrolments import forget
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.kinds import ACTIVE, PENDING, Kind
from rex_auth_edge.sync.me import HEADS, Me
from rex_auth_edge.sync.order import Position, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import State
from rex_auth_edge.sync.wire import pack_state
from tests.exchange.everything import capture_all
from tests.hub import Household

_CLOUD = b"C" * 16
_numbers = count(1)


def pen() -> Pen:
    """The cloud's, for its next change."""
    number = next(_numbers)
    at = Position(1, number)
    return Pen(Tag(_CLOUD, 1, number), (at,) * 4, at)


OF_CLOUDS = frozenset({"review", "notice", "own notice"})
"""What a path may name that only a household has which is shared with a cloud."""


def row(kind: str, subject: bytes, at: Position | None, state: State) -> Row:
    """A cell as the cloud gives it."""
    assert at is not None
    return Row(str(kind), subject, at, pack_state(state))


def share(tx: Tx, home: Household, tenant_id: UUID) -> None:
    """Enrol the household, as far as this hub is concerned."""
    enrol(tx, tenant_id, Me(tx.node.id.bytes, 1, 0, HEADS, b"nonce"), bytes(32), b"")
    store = SqlHub(tx, tenant_id)
    capture_all(tx, home.hub.parts, HubScribe(store), tenant_id)
    store.flush()


async def alone(home: Household, tenant_id: UUID) -> None:
    """The household is shared with nobody (any more)."""
    await home.store.write(lambda tx: forget(tx, tenant_id) if tenant_id in enrolled(tx.conn) else None)


async def held(home: Household, tenant_id: UUID, user_id: UUID) -> dict[str, str]:
    """In a household that is enrolled then: a change that waits, a notice, and one about this person."""

    def work(tx: Tx) -> dict[str, str]:
        if tenant_id not in enrolled(tx.conn):
            share(tx, home, tenant_id)
        store, made = SqlHub(tx, tenant_id), {}
        for name, kind, step, fields in _told(tx, user_id):
            writing, subject = pen(), tx.new_id()
            store.put_row(row(kind, subject.bytes, writing.at, writing.climb(step, **fields)))
            made[name] = str(subject)
        store.flush()
        return made

    return await home.store.write(work)


def _told(tx: Tx, user_id: UUID) -> list[tuple[str, str, int, dict[str, Any]]]:
    waits = pack_state(pen().climb(ACTIVE))
    review = {"kind": Kind.DEVICE.value, "id": tx.new_id().bytes, "state": waits, "why": "written_too_long_ago"}
    return [
        ("review", Kind.REVIEW, PENDING, review),
        ("notice", Kind.NOTICE, ACTIVE, {"about": bytes(16), "code": "username_taken"}),
        ("own notice", Kind.NOTICE, ACTIVE, {"about": user_id.bytes, "code": "password_replaced"}),
    ]
