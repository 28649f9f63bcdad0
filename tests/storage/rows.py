"""A small flow to store and see rows with: facts by name."""

from collections.abc import Callable

import sqlalchemy as sa

from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx


def add(name: str, value: bytes = b"", then: Callable[[], None] | None = None) -> Callable[[Tx], str]:
    """A flow that stores a fact and answers its name; `then` follows the commit."""

    def flow(tx: Tx) -> str:
        tx.conn.execute(sa.insert(node_facts).values(name=name, value=value))
        if then is not None:
            tx.after_commit.append(then)
        return name

    return flow


def names(conn: sa.Connection) -> set[str]:
    """The facts that are there, but for the node's own."""
    return set(conn.execute(sa.select(node_facts.c.name)).scalars()) - {"node"}


async def kept(store: Store) -> set[str]:
    """What `names` sees from outside of any write."""
    return await store.read(names)
