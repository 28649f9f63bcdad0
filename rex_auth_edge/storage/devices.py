"""Devices: each a row from the day that it is let in; a removed one's row stays."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.device_tables import devices
from rex_auth_edge.storage.tx import Tx, What

_SEEN = frozenset({"seen_at", "seen_from"})


def add(tx: Tx, values: dict[str, Any], *, since: int | None = None) -> None:
    """A device that has been let in: just now, or at a time in milliseconds since 1970 on another node."""
    tx.touch(values["tenant_id"], What.DEVICE, values["id"])
    came = tx.now.wall if since is None else since
    fresh = {"state": "active", "created_at": came, "seen_at": came if since is None else None, "ended_at": None}
    tx.conn.execute(sa.insert(devices).values(fresh | values))


def get(conn: sa.Connection, tenant_id: UUID, device_id: UUID) -> sa.Row[Any] | None:
    """One of the household's devices, removed ones included."""
    return conn.execute(sa.select(devices).where(_is(tenant_id, device_id))).one_or_none()


def every(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """The household's devices but for removed ones, by room and name."""
    where = (devices.c.tenant_id == tenant_id) & (devices.c.state != "removed")
    order = (devices.c.room, devices.c.name, devices.c.id)
    return list(conn.execute(sa.select(devices).where(where).order_by(*order)).all())


def everything(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """The household's devices, removed ones included, in the order that they came."""
    return list(conn.execute(sa.select(devices).where(devices.c.tenant_id == tenant_id).order_by(devices.c.id)).all())


def with_key(conn: sa.Connection, tenant_id: UUID, thumbprint: bytes) -> sa.Row[Any] | None:
    """The household's device with this key, removed ones excluded."""
    where = (devices.c.tenant_id == tenant_id) & (devices.c.thumbprint == thumbprint)
    return conn.execute(sa.select(devices).where(where & (devices.c.state != "removed"))).one_or_none()


def change(tx: Tx, tenant_id: UUID, device_id: UUID, **values: Any) -> bool:
    """Set columns of one device; False where it is removed, or isn't there."""
    if values.keys() - _SEEN:
        tx.touch(tenant_id, What.DEVICE, device_id)
    where = _is(tenant_id, device_id) & (devices.c.state != "removed")
    return tx.conn.execute(sa.update(devices).where(where).values(values)).rowcount == 1


def _is(tenant_id: UUID, device_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(devices.c.tenant_id == tenant_id, devices.c.id == device_id)
