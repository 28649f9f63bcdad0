"""Rows of signing keys. The private halves are sealed before they come here."""

from typing import Any

import sqlalchemy as sa

from rex_auth_edge.storage.tables import node_facts, signing_keys
from rex_auth_edge.storage.tx import Tx


def every(conn: sa.Connection) -> list[sa.Row[Any]]:
    """All keys, the oldest first."""
    return list(conn.execute(sa.select(signing_keys).order_by(signing_keys.c.created_at)).all())


def hold(tx: Tx) -> None:
    """Keep every other process from making keys until the end of this transaction."""
    tx.conn.execute(sa.select(node_facts.c.name).where(node_facts.c.name == "node").with_for_update()).one()


def add(tx: Tx, values: dict[str, Any]) -> None:
    """A new key."""
    tx.conn.execute(sa.insert(signing_keys).values(values))


def remove(tx: Tx, kids: list[str]) -> None:
    """Delete keys whose last token has died."""
    tx.conn.execute(sa.delete(signing_keys).where(signing_keys.c.kid.in_(kids)))
