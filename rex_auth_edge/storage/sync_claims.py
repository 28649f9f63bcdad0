"""Claim codes (table `sync_claims`): with one of them an owner lets a hub in, once."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.passed import passed_for
from rex_auth_edge.storage.sync_tables import sync_claims
from rex_auth_edge.storage.tx import Tx

_table = sync_claims


def add(tx: Tx, tenant_id: UUID, code_hash: bytes, made_by: UUID, expires: Deadline) -> UUID:
    """A new code, good until `expires`; its id."""
    claim_id = tx.new_id()
    values = {"tenant_id": tenant_id, "id": claim_id, "code_hash": code_hash, "made_by": made_by}
    values |= {"created_at": tx.now.wall, "used_at": None, "used_by": None} | deadline_values("expires", expires)
    tx.conn.execute(sa.insert(_table).values(values))
    return claim_id


def by_code(conn: sa.Connection, tenant_id: UUID, code_hash: bytes) -> sa.Row[Any] | None:
    """The household's claim with this code, used ones included."""
    where = (_table.c.tenant_id == tenant_id) & (_table.c.code_hash == code_hash)
    return conn.execute(sa.select(_table).where(where)).one_or_none()


def use(tx: Tx, tenant_id: UUID, claim_id: UUID, hub_id: UUID) -> bool:
    """The hub has come by it; False where another one was first. The same one may come again: answers get lost."""
    unused = sa.or_(_table.c.used_by.is_(None), _table.c.used_by == hub_id)
    where = (_table.c.tenant_id == tenant_id) & (_table.c.id == claim_id) & unused
    # As found: a second use by the same hub changes nothing, and MariaDB counts only rows that change.
    claim = tx.conn.execute(sa.select(_table).where(where).with_for_update()).one_or_none()
    if claim is None:
        return False
    tx.conn.execute(sa.update(_table).where(where).values(used_at=claim.used_at or tx.now.wall, used_by=hub_id))
    return True


def keep_newest(tx: Tx, tenant_id: UUID, count: int) -> list[bytes]:
    """Delete the household's unused codes but for so many of the newest; the hashes of those that are gone."""
    where = (_table.c.tenant_id == tenant_id) & _table.c.used_by.is_(None)
    listed = (
        sa.select(_table.c.id, _table.c.code_hash).where(where).order_by(_table.c.created_at.desc(), _table.c.id.desc())
    )
    gone = tx.conn.execute(listed).all()[count:]
    for row in gone:
        tx.conn.execute(sa.delete(_table).where((_table.c.tenant_id == tenant_id) & (_table.c.id == row.id)))
    return [bytes(row.code_hash) for row in gone]


def forget(tx: Tx, age: int) -> list[tuple[UUID, bytes]]:
    """Delete codes that expired `age` milliseconds ago: their households and hashes."""
    over = passed_for(tx.conn, _table, "expires", tx.now, age)
    found = tx.conn.execute(sa.select(_table.c.tenant_id, _table.c.code_hash).where(over)).all()
    if found:
        tx.conn.execute(sa.delete(_table).where(over))
    return [(row.tenant_id, bytes(row.code_hash)) for row in found]
