"""Chains of tokens, each with a place in its household's status list, and the list's counter that never falls."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.register import LONGEST, Ended, Register
from rex_auth_edge.storage.device_tables import device_grants, status_lists
from rex_auth_edge.storage.passed import MOST, drop
from rex_auth_edge.storage.tx import Tx


def begin(tx: Tx, values: dict[str, Any]) -> int:
    """A new chain; its place in the list."""
    index = _next_index(tx, values["tenant_id"])
    row = {"list_index": index, "generation": 0, "created_at": tx.now.wall, "ended_at": None} | values
    tx.conn.execute(sa.insert(device_grants).values(row))
    return index


def get(conn: sa.Connection, tenant_id: UUID, grant_id: UUID) -> sa.Row[Any] | None:
    """One of the household's chains, ended ones included."""
    where = (device_grants.c.tenant_id == tenant_id) & (device_grants.c.id == grant_id)
    return conn.execute(sa.select(device_grants).where(where)).one_or_none()


def live(conn: sa.Connection, tenant_id: UUID, device_id: UUID) -> sa.Row[Any] | None:
    """The device's own chain that hasn't ended."""
    of_device = (device_grants.c.tenant_id == tenant_id) & (device_grants.c.device_id == device_id)
    where = of_device & device_grants.c.ended_at.is_(None) & (device_grants.c.kind == "device")
    return conn.execute(sa.select(device_grants).where(where).order_by(device_grants.c.id).limit(1)).one_or_none()


def acting(conn: sa.Connection, tenant_id: UUID, device_id: UUID, user_id: UUID, kind: str) -> sa.Row[Any] | None:
    """The chain of this kind by which a device acts for a person, and which hasn't ended."""
    of_device = (device_grants.c.tenant_id == tenant_id) & (device_grants.c.device_id == device_id)
    for_person = (device_grants.c.user_id == user_id) & (device_grants.c.kind == kind)
    where = of_device & for_person & device_grants.c.ended_at.is_(None)
    return conn.execute(sa.select(device_grants).where(where).order_by(device_grants.c.id).limit(1)).one_or_none()


def rotate(tx: Tx, tenant_id: UUID, grant_id: UUID, generation: int, values: dict[str, Any]) -> bool:
    """The next refresh token, once for each generation: one of several at a time wins."""
    where = (device_grants.c.tenant_id == tenant_id) & (device_grants.c.id == grant_id)
    present = (device_grants.c.generation == generation) & device_grants.c.ended_at.is_(None)
    changed = values | {"generation": generation + 1}
    return tx.conn.execute(sa.update(device_grants).where(where & present).values(changed)).rowcount == 1


def end(
    tx: Tx,
    register: Register,
    tenant_id: UUID,
    reason: str,
    *,
    grant_id: UUID | None = None,
    device_id: UUID | None = None,
    user_id: UUID | None = None,
) -> int:
    """End one chain, or all of a device's, or all that are for a person; how many there were.

    Whatever they gave is in the register, and so refused, from the moment that this is committed.
    """
    where = (device_grants.c.tenant_id == tenant_id) & device_grants.c.ended_at.is_(None)
    named = ((device_grants.c.id, grant_id), (device_grants.c.device_id, device_id), (device_grants.c.user_id, user_id))
    where &= sa.or_(sa.false(), *(column == value for column, value in named if value is not None))
    doomed = list(tx.conn.execute(sa.select(device_grants.c.id).where(where)).scalars())
    if not doomed:
        return 0
    values = {"ended_at": tx.now.wall, "ended_for": reason, "refresh_hash": None}
    tx.conn.execute(sa.update(device_grants).where(where).values(values))
    raise_version(tx, tenant_id)
    until = tx.now.after(LONGEST)

    def publish() -> None:
        for chain_id in doomed:
            register.revoke(Ended(tenant_id, chain_id), until)

    tx.after_commit.append(publish)
    tx.in_doubt.append(publish)
    return len(doomed)


def all_ended(conn: sa.Connection) -> list[Ended]:
    """Every chain on record that has ended, in whatever household."""
    return _ended(conn, device_grants.c.ended_at.is_not(None))


def ended_since(conn: sa.Connection, wall: int) -> list[Ended]:
    """Chains of all households that ended at that time or later, in milliseconds since 1970."""
    return _ended(conn, device_grants.c.ended_at >= wall)


def _ended(conn: sa.Connection, where: sa.ColumnElement[bool]) -> list[Ended]:
    found = sa.select(device_grants.c.tenant_id, device_grants.c.id).where(where)
    return [Ended(*row) for row in conn.execute(found)]


def ended(conn: sa.Connection, tenant_id: UUID) -> list[int]:
    """The places of chains that have ended, of which a token may still be about."""
    where = (device_grants.c.tenant_id == tenant_id) & device_grants.c.ended_at.is_not(None)
    return list(conn.execute(sa.select(device_grants.c.list_index).where(where)).scalars())


def list_state(conn: sa.Connection, tenant_id: UUID) -> tuple[int, int]:
    """The list's next free place, and its version."""
    columns = (status_lists.c.next_index, status_lists.c.version)
    row = conn.execute(sa.select(*columns).where(status_lists.c.tenant_id == tenant_id)).one_or_none()
    return (row.next_index, row.version) if row else (0, 0)


def raise_version(tx: Tx, tenant_id: UUID) -> None:
    """The list has changed. By the clock as well, so that a database restored from a backup doesn't count again."""
    version = sa.case((status_lists.c.version < tx.now.seconds, tx.now.seconds), else_=status_lists.c.version + 1)
    tx.conn.execute(sa.update(status_lists).where(status_lists.c.tenant_id == tenant_id).values(version=version))


def forget(tx: Tx, before: int, most: int = MOST) -> int:
    """Delete chains that ended before this time (milliseconds since 1970): their last token has died.

    `most` of them; says how many.
    """
    return drop(tx, device_grants, device_grants.c.ended_at < before, most)


def _next_index(tx: Tx, tenant_id: UUID) -> int:
    where = status_lists.c.tenant_id == tenant_id
    if tx.conn.execute(sa.update(status_lists).where(where).values(next_index=status_lists.c.next_index + 1)).rowcount:
        return int(tx.conn.execute(sa.select(status_lists.c.next_index).where(where)).scalar_one()) - 1
    first = {"tenant_id": tenant_id, "next_index": 1, "version": tx.now.seconds}
    tx.conn.execute(sa.insert(status_lists).values(first))
    return 0
