"""Until when a household lets devices ask to be let in, and how often they still may."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline, Moment
from rex_auth_edge.storage.columns import deadline_of, deadline_values
from rex_auth_edge.storage.device_tables import pairing_windows
from rex_auth_edge.storage.tx import Tx


def open_until(tx: Tx, tenant_id: UUID, closes: Deadline, tries: int, opened_by: UUID | None) -> None:
    """The household's window, anew."""
    close(tx, tenant_id)
    values = {"tenant_id": tenant_id, "opened_by": opened_by, "opened_at": tx.now.wall, "tries": tries}
    tx.conn.execute(sa.insert(pairing_windows).values(values | deadline_values("closes", closes)))


def close(tx: Tx, tenant_id: UUID) -> bool:
    """Forget the window; whether there was one."""
    where = pairing_windows.c.tenant_id == tenant_id
    return tx.conn.execute(sa.delete(pairing_windows).where(where)).rowcount == 1


def get(conn: sa.Connection, tenant_id: UUID) -> sa.Row[Any] | None:
    """The household's window; it may have closed by time, or be used up."""
    return conn.execute(sa.select(pairing_windows).where(pairing_windows.c.tenant_id == tenant_id)).one_or_none()


def hold(tx: Tx, tenant_id: UUID) -> None:
    """Let nobody else ask, open or close in this household until the end of this transaction."""
    where = pairing_windows.c.tenant_id == tenant_id
    tx.conn.execute(sa.select(pairing_windows.c.tries).where(where).with_for_update()).all()


def every(conn: sa.Connection) -> list[sa.Row[Any]]:
    """Every household's."""
    return list(conn.execute(sa.select(pairing_windows)).all())


def is_open(row: Any, now: Moment) -> bool:
    """Whether a device may ask now."""
    closes = deadline_of(row, "closes")
    return row.tries > 0 and closes is not None and not closes.passed(now)


def use(tx: Tx, tenant_id: UUID) -> bool:
    """Take one try; False where none is left. One conditional update: so many win."""
    where = (pairing_windows.c.tenant_id == tenant_id) & (pairing_windows.c.tries > 0)
    values = {"tries": pairing_windows.c.tries - 1}
    return tx.conn.execute(sa.update(pairing_windows).where(where).values(values)).rowcount == 1
