"""The original's rows as plain records: what can be carried over of each person.

Its sessions, one-time codes and reset tokens can't: they are hashed with a secret of that installation.
"""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from rex_auth_edge.domain.clock import SECOND

_CHANGES = 20
"""So many changes of a password are carried over, the latest."""

_tenants = sa.table("tenants", sa.column("id"), sa.column("name"), sa.column("created_at", sa.DateTime))
_users = sa.table(
    "users",
    *(
        sa.column(name)
        for name in ("id", "tenant_id", "username", "email", "password_hash", "email_verified", "status")
    ),
    *(sa.column(name, sa.DateTime) for name in ("created_at", "last_login_at")),
    *(sa.column(name) for name in ("first_name", "last_name")),
)
_attempts = sa.table(
    "login_attempts",
    *(sa.column(name) for name in ("tenant_id", "email", "attempt_count")),
    sa.column("ban_until", sa.DateTime),
)
_changes = sa.table(
    "password_change_history",
    *(sa.column(name) for name in ("id", "user_id", "change_reason")),
    sa.column("changed_at", sa.DateTime),
)
_LATER = ("first_name", "last_name")


def name(conn: sa.Connection) -> str:
    """What tells this database from others, and doesn't change: its oldest tenant."""
    row = conn.execute(sa.select(_tenants).order_by(_tenants.c.id).limit(1)).one_or_none()
    return "" if row is None else f"{row.id} {_milliseconds(row.created_at)} {row.name}"


def counts(conn: sa.Connection) -> tuple[int, int]:
    """How many tenants and people there are."""
    tenants, people = (
        conn.execute(sa.select(sa.func.count()).select_from(each)).scalar_one() for each in (_tenants, _users)
    )
    return int(tenants), int(people)


def has_names(conn: sa.Connection) -> bool:
    """Whether it is of the later version, which knows people's names."""
    return {column["name"] for column in sa.inspect(conn).get_columns("users")}.issuperset(_LATER)


def page(conn: sa.Connection, after: tuple[int, int], size: int, *, named: bool) -> list[dict[str, Any]]:
    """People after that tenant and person, as records that JSON can say; times in milliseconds since 1970."""
    columns = [column for column in _users.c if named or column.name not in _LATER]
    beyond = (_users.c.tenant_id > after[0]) | ((_users.c.tenant_id == after[0]) & (_users.c.id > after[1]))
    query = sa.select(*columns, _tenants.c.name.label("tenant_name")).join(
        _tenants, _tenants.c.id == _users.c.tenant_id
    )
    found = conn.execute(query.where(beyond).order_by(_users.c.tenant_id, _users.c.id).limit(size)).all()
    attempts, changes = _attempts_of(conn, found), _changes_of(conn, found)
    return [_record(row, attempts.get((row.tenant_id, _key(row.email))), changes[row.id]) for row in found]


def _attempts_of(conn: sa.Connection, people: Any) -> dict[tuple[int, str], Any]:
    where = _attempts.c.tenant_id.in_({row.tenant_id for row in people})
    return {(row.tenant_id, _key(row.email)): row for row in conn.execute(sa.select(_attempts).where(where))}


def _changes_of(conn: sa.Connection, people: Any) -> dict[int, list[tuple[int, str]]]:
    where = _changes.c.user_id.in_([row.id for row in people])
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in conn.execute(sa.select(_changes).where(where).order_by(_changes.c.changed_at, _changes.c.id)):
        found[row.user_id].append((_milliseconds(row.changed_at) or 0, str(row.change_reason)))
    return found


def _record(row: Any, attempts: Any, changes: list[tuple[int, str]]) -> dict[str, Any]:
    return {
        "tenant": row.tenant_id,
        "tenant_name": row.tenant_name,
        "person": row.id,
        "username": row.username or "",
        "email": row.email or "",
        "password_hash": row.password_hash or "",
        "email_verified": bool(row.email_verified),
        "banned_for_good": row.status == "HARD_BANNED",
        "failures": int(attempts.attempt_count or 0) if attempts else 0,
        "ban_until": _milliseconds(attempts.ban_until) if attempts else None,
        "created_at": _milliseconds(row.created_at),
        "last_login_at": _milliseconds(row.last_login_at),
        "changes": changes[-_CHANGES:],
        "first_name": getattr(row, "first_name", None) or None,
        "last_name": getattr(row, "last_name", None) or None,
    }


def _key(email: str | None) -> str:
    return (email or "").strip().casefold()


def _milliseconds(when: datetime | None) -> int | None:
    """Of a time that is UTC, whether or not it says so."""
    if when is None:
        return None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * SECOND)
