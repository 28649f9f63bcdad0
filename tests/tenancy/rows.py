"""What the database keeps, to be compared: of one household, or of all."""

import functools
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.store import Store

Kept = dict[str, list[dict[str, Any]]]


async def kept(store: Store, tenant_id: UUID | None = None, *, without: frozenset[str] = frozenset()) -> Kept:
    """Every row of every table, or every one of a household's; but for the tables in `without`."""
    tables = [table for table in metadata.sorted_tables if table.name not in without]
    return await store.read(lambda conn: {table.name: _rows(conn, table, tenant_id) for table in tables})


def _rows(conn: sa.Connection, table: sa.Table, tenant_id: UUID | None) -> list[dict[str, Any]]:
    found = conn.execute(_query(table, owned=tenant_id is not None), {} if tenant_id is None else {"owner": tenant_id})
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


@functools.cache
def _query(table: sa.Table, *, owned: bool) -> sa.Select[Any]:
    query = sa.select(table).order_by(*table.primary_key.columns)
    if not owned:
        return query
    owner = table.c.get("tenant_id", table.c.id if table.name == "tenants" else None)
    return query.where(sa.false() if owner is None else owner == sa.bindparam("owner", type_=owner.type))


def texts(rows: Kept) -> set[str]:
    """Every value as an answer would spell it: texts, ids, and numbers that are ids."""
    values = [(column, value) for table in rows.values() for row in table for column, value in row.items()]
    plain = {str(value) for _, value in values if isinstance(value, str | UUID)}
    return plain | {str(value) for column, value in values if column == "number"}
