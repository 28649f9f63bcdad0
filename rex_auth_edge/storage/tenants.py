"""Households, and the directory that finds them by a person's address."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.tables import directory, tenants
from rex_auth_edge.storage.tx import Tx, What

_get = Prepared(sa.select(tenants).where(tenants.c.id == sa.bindparam("tenant")))


def default(conn: sa.Connection) -> UUID | None:
    """The household that people without an invitation join."""
    return conn.execute(sa.select(tenants.c.id).where(tenants.c.is_default)).scalar_one_or_none()


def create_default(tx: Tx, registration: Registration) -> UUID:
    """The household that stands from the first start; what is there already stays as it is."""
    present = default(tx.conn)
    return present or create(tx, slug="home", name="Home", registration=registration, is_default=True)


def create(
    tx: Tx, *, slug: str, name: str, registration: Registration, is_default: bool = False, id_: UUID | None = None
) -> UUID:
    """A new household, with the documented rule for passwords."""
    tenant_id = id_ or tx.new_id()
    values = {
        "id": tenant_id,
        "slug": slug,
        "name": name,
        "registration": registration,
        "password_rule": PasswordRule.COMPOSITION,
        "is_default": is_default,
        "created_at": tx.now.wall,
        "policy_version": 1,
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


def get(conn: sa.Connection, tenant_id: UUID) -> Any:
    """A household that is known to exist."""
    return _get.one(conn, tenant=tenant_id)


def every(conn: sa.Connection) -> list[sa.Row[Any]]:
    """The households of this hub, the oldest first."""
    return list(conn.execute(sa.select(tenants).order_by(tenants.c.id)).all())


def hold(tx: Tx, tenant_id: UUID) -> sa.Row[Any]:
    """The household, and nobody else's change to who owns it until the end of this transaction."""
    return tx.conn.execute(sa.select(tenants).where(tenants.c.id == tenant_id).with_for_update()).one()


def change(tx: Tx, tenant_id: UUID, **values: Any) -> None:
    """Set columns of one household."""
    tx.touch(tenant_id, What.NAME if "name" in values else What.POLICY, tenant_id)
    tx.conn.execute(sa.update(tenants).where(tenants.c.id == tenant_id).values(values))


def whereabouts(conn: sa.Connection, address_hash: bytes) -> list[UUID]:
    """The households that the directory has for a keyed hash."""
    return list(
        conn.execute(sa.select(directory.c.tenant_id).where(directory.c.address_hash == address_hash)).scalars()
    )


def strike_from_directory(tx: Tx, address_hash: bytes, tenant_id: UUID) -> None:
    """Nobody with this keyed hash belongs to the household any more."""
    where = (directory.c.address_hash == address_hash) & (directory.c.tenant_id == tenant_id)
    tx.conn.execute(sa.delete(directory).where(where))


def list_as_told(tx: Tx, address_hash: bytes, tenant_id: UUID, node: UUID) -> None:
    """The same on the word of another node, which takes from no other household what the directory has as theirs."""
    if not whereabouts(tx.conn, address_hash):
        list_in_directory(tx, address_hash, tenant_id, told_by=node)


def list_in_directory(tx: Tx, address_hash: bytes, tenant_id: UUID, *, told_by: UUID | None = None) -> None:
    """Note that somebody with this address (a keyed hash) belongs to the household, or an invitation with this code."""
    values = {"address_hash": address_hash, "tenant_id": tenant_id, "told_by": told_by}
    tx.conn.execute(sa.insert(directory).values(values))


def has_proven(conn: sa.Connection, address_hash: bytes, tenant_id: UUID) -> bool:
    """Whether this node itself has seen somebody of the household prove the address."""
    where = (directory.c.address_hash == address_hash) & (directory.c.tenant_id == tenant_id)
    return bool(conn.execute(sa.select(sa.exists().where(where & directory.c.told_by.is_(None)))).scalar_one())


def list_as_proven(tx: Tx, address_hash: bytes, tenant_id: UUID) -> list[UUID]:
    """Note that this node has seen the address proven; in which other households it is by somebody's word alone."""
    where = directory.c.address_hash == address_hash
    found = {row.tenant_id: row.told_by for row in tx.conn.execute(sa.select(directory).where(where))}
    if tenant_id not in found:
        list_in_directory(tx, address_hash, tenant_id)
    elif found[tenant_id] is not None:
        own = where & (directory.c.tenant_id == tenant_id)
        tx.conn.execute(sa.update(directory).where(own).values(told_by=None))
    return sorted(other for other, node in found.items() if node is not None and other != tenant_id)
