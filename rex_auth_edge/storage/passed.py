"""Which rows' deadlines have passed: asked of a whole table at once, by time that can be believed."""

from collections.abc import Iterator

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Moment


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
