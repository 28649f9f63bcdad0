"""What is said by rules that not every program knows: read anew where another program may have read it before."""

from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.sync_tables import sync_cells
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.state import Cell

_NEEDS = b"\xa5needs"
"""The name of a state's part as MessagePack has it."""


def beyond(conn: sa.Connection, tenant_id: UUID) -> list[Cell]:
    """Cells that need a rule beyond those of their kinds, or that seem to; with them all sessions: some may live again.

    The rows were brought to what the program understood that was there when they came. One that knows a rule more lets
    in again whom the one before had shut out, and one that knows less shuts them out.
    """
    found = _read(conn, tenant_id, _needing())
    return [*found, *_read(conn, tenant_id, sync_cells.c.kind == Kind.SESSION.value)] if found else []


def _needing() -> sa.ColumnElement[bool]:
    said = [sa.func.instr(sync_cells.c[name], _NEEDS) > 0 for name in ("state", "over")]
    return (sync_cells.c.kind != Kind.AUDIT.value) & sa.or_(*said)


def _read(conn: sa.Connection, tenant_id: UUID, which: sa.ColumnElement[bool]) -> list[Cell]:
    of = (sync_cells.c.tenant_id == tenant_id) & which
    found = conn.execute(sa.select(sync_cells.c.kind, sync_cells.c.id).where(of))
    return [Cell(row.kind, bytes(row.id)) for row in found]
