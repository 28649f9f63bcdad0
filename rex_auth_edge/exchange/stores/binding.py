"""How rows are added: many of them, whose ids are bound as the bytes that they are, and such as may be there."""

from typing import Any

import sqlalchemy as sa

from rex_auth_edge.storage.columns import Id
from rex_auth_edge.storage.prepared import Prepared, Repeated

TENANT = sa.bindparam("tenant", type_=sa.BINARY(16))


def adding(table: sa.Table) -> Repeated:
    """Insert whole rows, in the order of the table's columns."""
    kinds: dict[str, Any] = {each.name: sa.BINARY(16) if isinstance(each.type, Id) else each.type for each in table.c}
    binds = {name: sa.bindparam(name, type_=kind) for name, kind in kinds.items()}
    return Repeated(sa.insert(table).values(binds), *kinds)


def unless_there(table: sa.Table) -> Prepared:
    """An insert that leaves a row of that key as it is."""
    added = sa.insert(table).prefix_with("OR IGNORE", dialect="sqlite")
    return Prepared(added.prefix_with("IGNORE", dialect="mysql").prefix_with("IGNORE", dialect="mariadb"))
