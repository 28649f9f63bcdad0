"""Sessions (table `auth_sessions`): one row each, in which a refresh token is replaced by its single successor."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline, Moment
from rex_auth_edge.domain.register import Ended
from rex_auth_edge.storage.columns import deadline_values, portions
from rex_auth_edge.storage.passed import MOST, drop, passed_for
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_cells
from rex_auth_edge.storage.tables import auth_sessions, users
from rex_auth_edge.storage.tx import Tx, What

_table = auth_sessions
_of = (_table.c.tenant_id == sa.bindparam("tenant")) & (_table.c.id == sa.bindparam("session"))
_get = Prepared(sa.select(_table).where(_of))
_add = Prepared(sa.insert(_table))
_DECIDING = (
    *("user_id", "generation", "idle_life", "revoked_at", "refresh_hash", "refresh_at", "refresh_boot_id"),
    *("refresh_boot", "ends_at", "ends_boot_id", "ends_boot", "previous_hash", "previous_client", "successor_sealed"),
    *("retry_at", "retry_boot_id", "retry_boot"),
)
_to_refresh = Prepared(
    sa.select(*(_table.c[name] for name in _DECIDING), users.c.role, users.c.email_verified, users.c.disabled)
    .join(users, (users.c.tenant_id == _table.c.tenant_id) & (users.c.id == _table.c.user_id))
    .where(_of)
    .with_for_update()
)
_ROTATED = (
    *("generation", "refresh_hash", "refresh_at", "refresh_boot_id", "refresh_boot"),
    *("previous_hash", "previous_client", "successor_sealed", "retry_at", "retry_boot_id", "retry_boot"),
    *("last_seen_at", "ip_address"),
)
_rotate = Prepared(
    sa.update(_table)
    .where(_of & (_table.c.refresh_hash == sa.bindparam("presented")) & _table.c.revoked_at.is_(None))
    .values({name: sa.bindparam("set_" + name) for name in _ROTATED})
)


ELSEWHERE = -1
"""The generation of a session that another node keeps: here it can be seen and ended, and never refreshed."""


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


def get(conn: sa.Connection, tenant_id: UUID, session_id: UUID) -> Any:
    """One session, ended ones included, or None."""
    return _get.one(conn, tenant=tenant_id, session=session_id)


def to_refresh(conn: sa.Connection, tenant_id: UUID, session_id: UUID) -> Any:
    """What decides on a session's refresh and goes into its next tokens; others are kept off until the end.

    None where there is no such session, or no such person any more.
    """
    return _to_refresh.one(conn, tenant=tenant_id, session=session_id)


def add(
    tx: Tx, values: dict[str, Any], *, fresh: Deadline, refresh: Deadline, ends: Deadline, since: int | None = None
) -> None:
    """A session with its first refresh token, new unless it began at a time, in milliseconds since 1970."""
    times = deadline_values("fresh", fresh) | deadline_values("refresh", refresh) | deadline_values("ends", ends)
    now = dict.fromkeys(("created_at", "last_seen_at"), tx.now.wall if since is None else since)
    tx.touch(values["tenant_id"], What.SESSION, values["id"])
    _add.change(tx.conn, **values, **times, **now)


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
    return _rotate.change(tx.conn, **key, **{"set_" + name: value for name, value in values.items()}) == 1


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
    for session_id in session_ids:
        tx.touch(tenant_id, What.SESSION, session_id)
    where = (_table.c.tenant_id == tenant_id) & _table.c.id.in_(session_ids) & _table.c.revoked_at.is_(None)
    ended = {"revoked_at": tx.now.wall, "revoked_for": reason, "successor_sealed": None}
    tx.conn.execute(sa.update(_table).where(where).values(ended | deadline_values("retry", None)))


def open_of(conn: sa.Connection, tenant_id: UUID, user_id: UUID) -> list[sa.Row[Any]]:
    """A person's sessions that haven't been ended, the latest used first."""
    where = (_table.c.tenant_id == tenant_id) & (_table.c.user_id == user_id) & _table.c.revoked_at.is_(None)
    return list(conn.execute(sa.select(_table).where(where).order_by(_table.c.last_seen_at.desc(), _table.c.id)).all())


def some(conn: sa.Connection, tenant_id: UUID, session_ids: Iterable[UUID]) -> Iterator[sa.Row[Any]]:
    """Those of the household's sessions that are there, ended ones included."""
    for part in portions(session_ids):
        yield from conn.execute(sa.select(_table).where((_table.c.tenant_id == tenant_id) & _table.c.id.in_(part)))


def open_of_some(conn: sa.Connection, tenant_id: UUID, user_ids: Iterable[UUID]) -> Iterator[sa.Row[Any]]:
    """The sessions of several people that haven't been ended."""
    for part in portions(user_ids):
        where = (_table.c.tenant_id == tenant_id) & _table.c.user_id.in_(part) & _table.c.revoked_at.is_(None)
        yield from conn.execute(sa.select(_table).where(where))


def every_open(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """The household's sessions that haven't been ended."""
    where = (_table.c.tenant_id == tenant_id) & _table.c.revoked_at.is_(None)
    return list(conn.execute(sa.select(_table).where(where).order_by(_table.c.id)).all())


def proven_before(conn: sa.Connection, tenant_id: UUID, boot_id: bytes) -> list[UUID]:
    """A household's own sessions whose person has last proven who they are in another boot than this."""
    where = (_table.c.tenant_id == tenant_id) & _table.c.revoked_at.is_(None) & (_table.c.fresh_boot_id != boot_id)
    return list(conn.execute(sa.select(_table.c.id).where(where & (_table.c.generation > ELSEWHERE))).scalars())


def refresh_freshness(tx: Tx, tenant_id: UUID, session_id: UUID, until: Deadline) -> None:
    """The person has proven again who they are; acts that ask for it are open until `until`."""
    where = (_table.c.tenant_id == tenant_id) & (_table.c.id == session_id)
    tx.conn.execute(sa.update(_table).where(where).values(deadline_values("fresh", until)))


def ended_lately(conn: sa.Connection, now: Moment, life: int, tenant_id: UUID | None = None) -> list[Ended]:
    """Ended sessions, of one household or all, of which an access token may be alive (`life` in milliseconds).

    And some others: when they ended the wall clock can't tell; but no token was signed after a refresh token that could
    be used by now.
    """
    over = passed_for(conn, _table, "refresh", now, life)
    whose = sa.true() if tenant_id is None else _table.c.tenant_id == tenant_id
    return _ended(conn, whose & _table.c.revoked_at.is_not(None) & sa.not_(over))


def ended_since(conn: sa.Connection, wall: int) -> list[Ended]:
    """Sessions of all households that ended at that time or later, in milliseconds since 1970."""
    return _ended(conn, _table.c.revoked_at >= wall)


def _ended(conn: sa.Connection, where: sa.ColumnElement[bool]) -> list[Ended]:
    return [Ended(*row) for row in conn.execute(sa.select(_table.c.tenant_id, _table.c.id).where(where))]


def forget(tx: Tx, age: int, most: int = MOST) -> int:
    """Delete sessions that ended, or could last be refreshed, `age` milliseconds ago: `most` of them; says how many."""
    over = passed_for(tx.conn, _table, "refresh", tx.now, age)
    return drop(tx, _table, sa.or_(_table.c.revoked_at < tx.now.floor - age, over), most)


def touch_over(tx: Tx, tenant_id: UUID, most: int = 500) -> None:
    """A household's sessions that are over, and that other nodes know of: those have to hear. `most` at a time."""
    over = passed_for(tx.conn, _table, "refresh", tx.now, 0) | passed_for(tx.conn, _table, "ends", tx.now, 0)
    same = (sync_cells.c.tenant_id == _table.c.tenant_id) & (sync_cells.c.id == _table.c.id)
    told = sa.exists(sa.select(sync_cells.c.kind).where(same & (sync_cells.c.kind == "session")))
    open_here = (_table.c.tenant_id == tenant_id) & _table.c.revoked_at.is_(None)
    unended = sa.select(_table.c.id).where(open_here & over & told)
    for session_id in tx.conn.execute(unended.limit(most)).scalars().all():
        tx.touch(tenant_id, What.SESSION, session_id)
