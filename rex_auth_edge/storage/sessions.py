"""Sessions (table `auth_sessions`): one row each, in which a refresh token is replaced by its single successor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.tables import auth_sessions, deadline_values
from rex_auth_edge.storage.tx import Tx

_table = auth_sessions
_of = (_table.c.tenant_id == sa.bindparam("tenant")) & (_table.c.id == sa.bindparam("session"))
_get = sa.select(_table).where(_of)
_get_held = _get.with_for_update()
_ROTATED = (
    *("generation", "refresh_hash", "refresh_at", "refresh_boot_id", "refresh_boot"),
    *("previous_hash", "previous_client", "successor_sealed", "retry_at", "retry_boot_id", "retry_boot"),
    *("last_seen_at", "ip_address"),
)
_rotate = (
    sa.update(_table)
    .where(_of & (_table.c.refresh_hash == sa.bindparam("presented")) & _table.c.revoked_at.is_(None))
    .values({name: sa.bindparam("set_" + name) for name in _ROTATED})
)


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh token's successor, and what it takes to give that successor again to the same client."""

    generation: int
    refresh_hash: bytes
    refresh: Deadline
    previous_hash: bytes
    previous_client: bytes
    successor_sealed: bytes
    retry: Deadline


def get(conn: sa.Connection, tenant_id: UUID, session_id: UUID, *, hold: bool = False) -> sa.Row[Any] | None:
    """One session, ended ones included; `hold` keeps others off it until the transaction's end."""
    return conn.execute(_get_held if hold else _get, {"tenant": tenant_id, "session": session_id}).one_or_none()


def add(tx: Tx, values: dict[str, Any], *, fresh: Deadline, refresh: Deadline, ends: Deadline) -> None:
    """A new session with its first refresh token."""
    times = deadline_values("fresh", fresh) | deadline_values("refresh", refresh) | deadline_values("ends", ends)
    now = {"created_at": tx.now.wall, "last_seen_at": tx.now.wall}
    tx.conn.execute(sa.insert(_table).values(values | times | now))


def rotate(tx: Tx, tenant_id: UUID, session_id: UUID, rotation: Rotation, ip_address: str | None) -> bool:
    """Put the successor in place of the presented token; False when another request was first."""
    values = {
        "generation": rotation.generation,
        "refresh_hash": rotation.refresh_hash,
        "previous_hash": rotation.previous_hash,
        "previous_client": rotation.previous_client,
        "successor_sealed": rotation.successor_sealed,
        "last_seen_at": tx.now.wall,
        "ip_address": ip_address,
    }
    values |= deadline_values("refresh", rotation.refresh) | deadline_values("retry", rotation.retry)
    key = {"tenant": tenant_id, "session": session_id, "presented": rotation.previous_hash}
    done = tx.conn.execute(_rotate, key | {"set_" + name: value for name, value in values.items()})
    return done.rowcount == 1


def erase_successors(tx: Tx) -> None:
    """Erase the sealed successors whose 10 seconds are over (or whose boot is), so that no old token opens one."""
    here = _table.c.retry_boot_id == tx.now.boot_id
    over = sa.or_(sa.not_(here), here & (_table.c.retry_boot <= tx.now.boot))
    erased = {"successor_sealed": None, "previous_client": None} | deadline_values("retry", None)
    tx.conn.execute(sa.update(_table).where(_table.c.retry_at.is_not(None) & over).values(erased))


def any_sealed(conn: sa.Connection) -> bool:
    """Whether there is anything for `erase_successors` to do, now or in a few seconds."""
    return conn.execute(sa.select(_table.c.id).where(_table.c.retry_at.is_not(None)).limit(1)).first() is not None


def end(tx: Tx, tenant_id: UUID, session_ids: Sequence[UUID], reason: str) -> None:
    """Revoke sessions for `reason` (one word); those that ended before keep their first reason."""
    where = (_table.c.tenant_id == tenant_id) & _table.c.id.in_(session_ids) & _table.c.revoked_at.is_(None)
    ended = {"revoked_at": tx.now.wall, "revoked_for": reason, "successor_sealed": None}
    tx.conn.execute(sa.update(_table).where(where).values(ended | deadline_values("retry", None)))


def open_of(conn: sa.Connection, tenant_id: UUID, user_id: UUID) -> list[sa.Row[Any]]:
    """A person's sessions that haven't been ended, the latest used first."""
    where = (_table.c.tenant_id == tenant_id) & (_table.c.user_id == user_id) & _table.c.revoked_at.is_(None)
    return list(conn.execute(sa.select(_table).where(where).order_by(_table.c.last_seen_at.desc(), _table.c.id)).all())


def refresh_freshness(tx: Tx, tenant_id: UUID, session_id: UUID, until: Deadline) -> None:
    """The person has proven again who they are; acts that ask for it are open until `until`."""
    where = (_table.c.tenant_id == tenant_id) & (_table.c.id == session_id)
    tx.conn.execute(sa.update(_table).where(where).values(deadline_values("fresh", until)))


def ended_lately(conn: sa.Connection, now: int, life: int) -> list[UUID]:
    """Sessions ended so lately that an access token of theirs may live (`life` in milliseconds).

    Measured from the last end on record where the clock says less, since a hub may boot in the past.
    """
    last = conn.execute(sa.select(sa.func.max(_table.c.revoked_at))).scalar_one_or_none()
    horizon = min(now, now if last is None else last) - life
    return list(conn.execute(sa.select(_table.c.id).where(_table.c.revoked_at >= horizon)).scalars())


def forget_before(tx: Tx, wall: int) -> None:
    """Delete sessions that ended, or could last be refreshed, before `wall` (milliseconds since 1970)."""
    tx.conn.execute(sa.delete(_table).where(sa.or_(_table.c.revoked_at < wall, _table.c.refresh_at < wall)))
