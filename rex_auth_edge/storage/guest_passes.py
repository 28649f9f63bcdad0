"""Guests' passes: each a row here, and a chain of tokens with a place in its household's status list."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.domain.register import Register
from rex_auth_edge.storage import device_grants
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.device_tables import device_grants as grants
from rex_auth_edge.storage.guest_tables import guest_passes
from rex_auth_edge.storage.passed import MOST, drop, passed_for
from rex_auth_edge.storage.tx import Tx

_CHAIN = (grants.c.scopes, grants.c.list_index, grants.c.created_at, grants.c.ended_at, grants.c.ended_for)
_ENDS = (grants.c.ends_at, grants.c.ends_boot_id, grants.c.ends_boot)
_SAME = (guest_passes.c.tenant_id == grants.c.tenant_id) & (guest_passes.c.id == grants.c.id)
_WHOLE = sa.select(guest_passes, *_CHAIN, *_ENDS).join(grants, _SAME)


def add(tx: Tx, values: dict[str, Any], scopes: str, begins: Deadline, ends: Deadline) -> int:
    """A new pass; its place in the list."""
    tx.conn.execute(sa.insert(guest_passes).values(values | deadline_values("begins", begins)))
    chain = {
        "tenant_id": values["tenant_id"], "id": values["id"], "device_id": None, "user_id": None, "kind": "guest",
        "scopes": scopes, "refresh_hash": None, "thumbprint": None,
    } | deadline_values("refresh", None) | deadline_values("ends", ends)  # fmt: skip
    return device_grants.begin(tx, chain)


def get(conn: sa.Connection, tenant_id: UUID, pass_id: UUID) -> sa.Row[Any] | None:
    """One of the household's passes with what its chain says, ended ones included."""
    where = (guest_passes.c.tenant_id == tenant_id) & (guest_passes.c.id == pass_id)
    return conn.execute(_WHOLE.where(where)).one_or_none()


def every(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """The household's passes with what their chains say, the newest first."""
    where = guest_passes.c.tenant_id == tenant_id
    return list(conn.execute(_WHOLE.where(where).order_by(guest_passes.c.id.desc())).all())


def seen(tx: Tx, tenant_id: UUID, pass_id: UUID, address: str) -> None:
    """The guest has looked at it, from there."""
    where = (guest_passes.c.tenant_id == tenant_id) & (guest_passes.c.id == pass_id)
    tx.conn.execute(sa.update(guest_passes).where(where).values(seen_at=tx.now.wall, seen_from=address[:64]))


def end_made_by(tx: Tx, register: Register, tenant_id: UUID, user_id: UUID, reason: str) -> int:
    """End the passes that somebody has made who may no longer; how many there were."""
    where = (guest_passes.c.tenant_id == tenant_id) & (guest_passes.c.made_by == user_id)
    ids = tx.conn.execute(sa.select(guest_passes.c.id).where(where)).scalars().all()
    return sum(device_grants.end(tx, register, tenant_id, reason, grant_id=pass_id) for pass_id in ids)


def forget(tx: Tx, age: int, most: int = MOST) -> int:
    """Delete passes, and their chains, that are over for `age` milliseconds: `most` rows; says how many."""
    over = passed_for(tx.conn, grants, "ends", tx.now, age) & (grants.c.kind == "guest")
    count = drop(tx, grants, over, most)
    kept = sa.select(grants.c.id).where(_SAME)
    return count + drop(tx, guest_passes, ~sa.exists(kept), most - count)
