"""Households, and the directory that finds them by a person's address."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.storage.tables import directory, tenants
from rex_auth_edge.storage.tx import Tx


def default(conn: sa.Connection) -> UUID | None:
    """The household that people without an invitation join."""
    return conn.execute(sa.select(tenants.c.id).where(tenants.c.is_default)).scalar_one_or_none()


def create_default(tx: Tx, registration: Registration) -> UUID:
    """The household that stands from the first start; what is there already stays as it is."""
    present = default(tx.conn)
    if present is not None:
        return present
    tenant_id = tx.new_id()
    values = {
        "id": tenant_id,
        "slug": "home",
        "name": "Home",
        "registration": registration,
        "password_rule": PasswordRule.COMPOSITION,
        "is_default": True,
        "created_at": tx.now.wall,
    }
    tx.conn.execute(sa.insert(tenants).values(values))
    return tenant_id


def find(conn: sa.Connection, name: str) -> UUID | None:
    """A household by its UUID or slug."""
    try:
        where = tenants.c.id == UUID(name)
    except ValueError:
        where = tenants.c.slug == name.casefold()
    return conn.execute(sa.select(tenants.c.id).where(where)).scalar_one_or_none()


def get(conn: sa.Connection, tenant_id: UUID) -> sa.Row[Any]:
    """A household that is known to exist."""
    return conn.execute(sa.select(tenants).where(tenants.c.id == tenant_id)).one()


def list_in_directory(tx: Tx, address_hash: bytes, tenant_id: UUID) -> None:
    """Note that somebody with this address (a keyed hash) lives in the household."""
    tx.conn.execute(sa.insert(directory).values(address_hash=address_hash, tenant_id=tenant_id))
