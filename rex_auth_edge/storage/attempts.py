"""Failed sign-ins, counted per account, device, node and incarnation, and the devices that are known."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.caller import UNKNOWN_DEVICE
from rex_auth_edge.domain.clock import DAY, Moment
from rex_auth_edge.domain.lockout import Standing
from rex_auth_edge.storage.columns import deadline_of, deadline_values
from rex_auth_edge.storage.passed import MOST, drop
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.tables import known_devices, login_attempts
from rex_auth_edge.storage.tx import Tx

STRANGERS = 10_000
"""How many counters are kept for accounts that don't exist."""

_of = (
    (login_attempts.c.tenant_id == sa.bindparam("tenant"))
    & (login_attempts.c.account == sa.bindparam("who"))
    & (login_attempts.c.device_hash == sa.bindparam("device"))
)
_standing = Prepared(sa.select(login_attempts).where(_of))
_standing_held = Prepared(sa.select(login_attempts).where(_of).with_for_update())
_clear = Prepared(sa.delete(login_attempts).where(_of))
_own = _of & (login_attempts.c.node_id == sa.bindparam("node")) & (login_attempts.c.incarnation == sa.bindparam("life"))
_device = (
    (known_devices.c.tenant_id == sa.bindparam("tenant"))
    & (known_devices.c.user_id == sa.bindparam("user"))
    & (known_devices.c.device_hash == sa.bindparam("device"))
)
_is_known = Prepared(sa.select(known_devices.c.first_seen_at).where(_device))
_seen_again = Prepared(
    sa.update(known_devices).where(_device).values(last_seen_at=sa.bindparam("now"), label=sa.bindparam("named"))
)
_seen_first = Prepared(sa.insert(known_devices))


def is_known(conn: sa.Connection, tenant_id: UUID, user_id: UUID, device_hash: bytes) -> bool:
    """Whether the person has signed in from this device before."""
    return _is_known.one(conn, tenant=tenant_id, user=user_id, device=device_hash) is not None


def remember(tx: Tx, tenant_id: UUID, user_id: UUID, device_hash: bytes, label: str) -> None:
    """From now on the device is one that the person has signed in from."""
    now = tx.now.wall
    if not _seen_again.change(tx.conn, tenant=tenant_id, user=user_id, device=device_hash, now=now, named=label):
        key = {"tenant_id": tenant_id, "user_id": user_id, "device_hash": device_hash, "label": label}
        _seen_first.change(tx.conn, **key, first_seen_at=now, last_seen_at=now)


def standing(
    conn: sa.Connection, now: Moment, tenant_id: UUID, account: bytes, device_hash: bytes, *, hold: bool = False
) -> Standing:
    """The failures of every node together, and the ban that lasts longest; `hold` keeps others off their rows."""
    statement = _standing_held if hold else _standing
    rows = statement.all(conn, tenant=tenant_id, who=account, device=device_hash)
    bans = [ban for row in rows if (ban := deadline_of(row, "ban")) is not None]
    return Standing(
        failures=sum(row.attempt_count for row in rows),
        ban=max(bans, key=lambda ban: ban.unserved(now), default=None),
        permanent=any(row.permanent for row in rows),
    )


def any_ban(conn: sa.Connection, tenant_id: UUID, account: bytes, now: Moment, *, strangers: bool = True) -> bool:
    """Whether the account is closed to any device at present; with `strangers` to those that it doesn't know, too."""
    where = (login_attempts.c.tenant_id == tenant_id) & (login_attempts.c.account == account)
    if not strangers:
        where &= login_attempts.c.device_hash != UNKNOWN_DEVICE
    return any(_closed(row, now) for row in conn.execute(sa.select(login_attempts).where(where)))


def banned(conn: sa.Connection, tenant_id: UUID, now: Moment) -> frozenset[bytes]:
    """The household's accounts that are closed to some device at present."""
    kept_out = login_attempts.c.permanent | login_attempts.c.ban_at.is_not(None)
    rows = conn.execute(sa.select(login_attempts).where((login_attempts.c.tenant_id == tenant_id) & kept_out))
    return frozenset(bytes(row.account) for row in rows if _closed(row, now))


def _closed(row: Any, now: Moment) -> bool:
    ban = deadline_of(row, "ban")
    return bool(row.permanent) or (ban is not None and ban.unserved(now) > 0)


def save(tx: Tx, tenant_id: UUID, account: bytes, device_hash: bytes, after: Standing, *, exists: bool) -> None:
    """Add one failure to this node's own counter, with the ban that `after` brings."""
    key = {"tenant": tenant_id, "who": account, "device": device_hash, "node": tx.node.id, "life": tx.node.incarnation}
    values = deadline_values("ban", after.ban) | {"permanent": after.permanent, "last_attempt_at": tx.now.wall}
    counted = sa.update(login_attempts).where(_own).values(attempt_count=login_attempts.c.attempt_count + 1, **values)
    if tx.conn.execute(counted, key).rowcount == 0:
        names = ("tenant_id", "account", "device_hash", "node_id", "incarnation")
        first = dict(zip(names, key.values(), strict=True)) | {"attempt_count": 1, "account_exists": exists}
        tx.conn.execute(sa.insert(login_attempts).values(first | values))


def carry(tx: Tx, tenant_id: UUID, account: bytes, standing: Standing) -> None:
    """What strangers' attempts at a new account have come to elsewhere."""
    key = {"tenant_id": tenant_id, "account": account, "device_hash": UNKNOWN_DEVICE}
    node = {"node_id": tx.node.id, "incarnation": tx.node.incarnation, "account_exists": True}
    values = {"attempt_count": standing.failures, "permanent": standing.permanent, "last_attempt_at": tx.now.wall}
    tx.conn.execute(sa.insert(login_attempts).values(key | node | values | deadline_values("ban", standing.ban)))


def clear(tx: Tx, tenant_id: UUID, account: bytes, device_hash: bytes | None = None) -> bool:
    """Forget the failures of one device after a success, or of every device after a reset or a pardon.

    Whether there were any.
    """
    if device_hash is not None:
        return _clear.change(tx.conn, tenant=tenant_id, who=account, device=device_hash) > 0
    where = (login_attempts.c.tenant_id == tenant_id) & (login_attempts.c.account == account)
    return tx.conn.execute(sa.delete(login_attempts).where(where)).rowcount > 0


def forget_strangers(tx: Tx, most: int = MOST) -> int:
    """Drop the counters of accounts that don't exist: those untouched for 30 days, and the oldest past `STRANGERS`.

    `most` of them; says how many.
    """
    strange = login_attempts.c.account_exists.is_(False)
    newest = (
        sa.select(login_attempts.c.last_attempt_at).where(strange).order_by(login_attempts.c.last_attempt_at.desc())
    )
    horizon = tx.conn.execute(newest.offset(STRANGERS).limit(1)).scalar_one_or_none() or 0
    old = login_attempts.c.last_attempt_at <= max(horizon, tx.now.floor - 30 * DAY)
    return drop(tx, login_attempts, strange & old, most)
