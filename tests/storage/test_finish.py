"""What follows a flow within its transaction, where other nodes may have to hear of what it did."""

from uuid import UUID

import pytest

from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tx import Touch, Tx, What
from tests.storage.rows import add, kept

HOUSE, MAYA = UUID(int=1), UUID(int=2)


def touching(tx: Tx) -> None:
    """Change something of Maya's."""
    add("flow")(tx)
    tx.touch(HOUSE, What.PERSON, MAYA)
    with tx.quiet():
        tx.touch(HOUSE, What.SESSION, MAYA)


async def test_a_store_finishes_what_has_touched_something(store: Store) -> None:
    """`finish` is told what was touched, but for what came from elsewhere, and writes in the same transaction."""
    told: list[dict[UUID, set[Touch]]] = []

    def finish(tx: Tx) -> None:
        told.append(tx.touched)
        add("finish")(tx)

    store.finish = finish
    await store.write(touching)
    await store.write(add("untouched"))
    assert told == [{HOUSE: {Touch(What.PERSON, MAYA)}}]
    assert await kept(store) == {"flow", "finish", "untouched"}


async def test_what_can_not_be_finished_has_not_happened(store: Store) -> None:
    """Where `finish` fails, so does the flow, and nothing of either is there."""

    def finish(tx: Tx) -> None:
        add("finish")(tx)
        raise LookupError("nobody to tell")

    store.finish = finish
    with pytest.raises(LookupError):
        await store.write(touching)
    assert await kept(store) == set()
