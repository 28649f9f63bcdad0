"""Which rows' deadlines have passed, by time that can be believed; and deleting them, a bounded number at a time."""

from collections.abc import Iterator

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.storage.tx import Tx

MOST = 1000
"""Rows that one transaction deletes: of more, every node of a cluster would have to make one change."""


def drop(tx: Tx, table: sa.Table, gone: sa.ColumnElement[bool], most: int) -> int:
    """Delete rows that are `gone`, each by its key, and `most` at a time; says how many there were of these."""
    keys = list(table.primary_key)
    rows = tx.conn.execute(sa.select(*(each.label(f"key_{each.name}") for each in keys)).where(gone).limit(most)).all()
    if rows:
        this = sa.and_(*(each == sa.bindparam(f"key_{each.name}") for each in keys))
        tx.conn.execute(sa.delete(table).where(this & gone), [dict(row._mapping) for row in rows])
    return len(rows)


def passed_for(conn: sa.Connection, table: sa.Table, name: str, now: Moment, age: int) -> sa.ColumnElement[bool]:
    """The condition on rows whose deadline `name` passed at least `age` milliseconds ago.

    In running time, so that no wall clock makes it come true early; by the floor for boots that aren't on record.
    """
    return sa.or_(sa.false(), *_of_each_boot(conn, table, name, now, age))


def _of_each_boot(
    conn: sa.Connection, table: sa.Table, name: str, now: Moment, age: int
) -> Iterator[sa.ColumnElement[bool]]:
    at, boot_id, boot = table.c[f"{name}_at"], table.c[f"{name}_boot_id"], table.c[f"{name}_boot"]
    boots = {} if now.past is None else now.past.boots
    for found in conn.execute(sa.select(boot_id).where(boot_id.is_not(None)).distinct()).scalars():
        known = boots.get(bytes(found))
        if bytes(found) == now.boot_id:
            yield (boot_id == found) & (boot <= now.boot - age)
        elif known is not None:
            yield (boot_id == found) & (boot <= now.running - known.began - age)
        else:
            yield (boot_id == found) & (at <= now.floor - age)
