"""Statements of which many run in a row: ids are bound as the bytes that they are."""

from typing import Any

import sqlalchemy as sa

from rex_auth_edge.storage.columns import Id
from rex_auth_edge.storage.prepared import Repeated

TENANT = sa.bindparam("tenant", type_=sa.BINARY(16))


def adding(table: sa.Table) -> Repeated:
    """Insert whole rows, in the order of the table's columns."""
    kinds: dict[str, Any] = {each.name: sa.BINARY(16) if isinstance(each.type, Id) else each.type for each in table.c}
    binds = {name: sa.bindparam(name, type_=kind) for name, kind in kinds.items()}
    return Repeated(sa.insert(table).values(binds), *kinds)
