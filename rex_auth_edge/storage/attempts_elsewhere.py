"""Failed sign-ins between nodes: each keeps what the others have counted in rows of theirs."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.tables import login_attempts
from rex_auth_edge.storage.tx import Tx


class Counter(NamedTuple):
    """Whose failures of one account, at which device."""

    device_hash: bytes
    node_id: UUID
    incarnation: int


def counter_of(row: Any) -> Counter:
    """Which counter a row is."""
    return Counter(bytes(row.device_hash), row.node_id, row.incarnation)


def of_account(conn: sa.Connection, tenant_id: UUID, account: bytes) -> list[sa.Row[Any]]:
    """All counters of one account."""
    return list(conn.execute(sa.select(login_attempts).where(_account(tenant_id, account))).all())


def of_people(conn: sa.Connection, tenant_id: UUID) -> Iterator[sa.Row[Any]]:
    """All counters of accounts that exist."""
    where = (login_attempts.c.tenant_id == tenant_id) & login_attempts.c.account_exists.is_(True)
    yield from conn.execute(sa.select(login_attempts).where(where)).all()


def put(tx: Tx, tenant_id: UUID, account: bytes, which: Counter, values: dict[str, Any]) -> None:
    """Set columns of a counter, which is made where it isn't there."""
    changed = sa.update(login_attempts).where(_is(tenant_id, account, which)).values(values)
    if tx.conn.execute(changed).rowcount == 0:
        first = {"attempt_count": 0, "permanent": False, "account_exists": True, "last_attempt_at": tx.now.wall}
        key = {"tenant_id": tenant_id, "account": account, **which._asdict()}
        tx.conn.execute(sa.insert(login_attempts).values(first | key | values))


def drop(tx: Tx, tenant_id: UUID, account: bytes, which: Counter) -> None:
    """Forget a counter."""
    tx.conn.execute(sa.delete(login_attempts).where(_is(tenant_id, account, which)))


def _account(tenant_id: UUID, account: bytes) -> sa.ColumnElement[bool]:
    return sa.and_(login_attempts.c.tenant_id == tenant_id, login_attempts.c.account == account)


def _is(tenant_id: UUID, account: bytes, which: Counter) -> sa.ColumnElement[bool]:
    named = (login_attempts.c[name] == value for name, value in which._asdict().items())
    return sa.and_(_account(tenant_id, account), *named)
