"""Pending registrations (table `otp_sessions`): nobody's account yet, and no claim on any name."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.passed import MOST, drop, passed_for
from rex_auth_edge.storage.tables import otp_sessions, outbox
from rex_auth_edge.storage.tx import Tx

_of = (otp_sessions.c.tenant_id == sa.bindparam("tenant")) & (otp_sessions.c.id == sa.bindparam("pending"))
_get = sa.select(otp_sessions).where(_of).with_for_update()


def get(conn: sa.Connection, tenant_id: UUID, pending_id: UUID) -> sa.Row[Any] | None:
    """One pending registration, used ones included."""
    return conn.execute(_get, {"tenant": tenant_id, "pending": pending_id}).one_or_none()


def add(tx: Tx, values: dict[str, Any], *, resend: Deadline, expires: Deadline) -> None:
    """A new pending registration that may be guessed at, resent from `resend` on, and ends at `expires`."""
    times = deadline_values("resend", resend) | deadline_values("expires", expires)
    fresh = {"attempts": 0, "created_at": tx.now.wall, "used_at": None, "handed_at": None}
    tx.conn.execute(sa.insert(otp_sessions).values(values | times | fresh))


def renew(
    tx: Tx, row: sa.Row[Any], otp_hash: bytes, letter_id: UUID | None, *, resend: Deadline, expires: Deadline
) -> None:
    """A new code, in a new letter, in the place of the old; the guesses made so far still count."""
    times = deadline_values("resend", resend) | deadline_values("expires", expires)
    renewed = {"otp_hash": otp_hash, "letter_id": letter_id, "handed_at": None}
    tx.conn.execute(sa.update(otp_sessions).where(_is(row)).values(renewed | times))


def count_guess(tx: Tx, row: sa.Row[Any], cap: int) -> bool:
    """Take one of the `cap` guesses; False when they are used up. One conditional update, so no race gains a guess."""
    where = _is(row) & (otp_sessions.c.attempts < cap)
    done = tx.conn.execute(sa.update(otp_sessions).where(where).values(attempts=otp_sessions.c.attempts + 1))
    return done.rowcount == 1


def waiting(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """Registrations of the household whose code lies in a letter that hasn't left, the oldest first."""
    letter = (outbox.c.tenant_id == otp_sessions.c.tenant_id) & (outbox.c.id == otp_sessions.c.letter_id)
    open_ones = (otp_sessions.c.tenant_id == tenant_id) & otp_sessions.c.used_at.is_(None)
    where = open_ones & (otp_sessions.c.purpose == "register") & (outbox.c.state == "waiting")
    query = sa.select(otp_sessions).join(outbox, letter).where(where)
    return list(conn.execute(query.order_by(otp_sessions.c.id)).all())


def hand_over(tx: Tx, row: sa.Row[Any]) -> None:
    """Note that the code reached its person by somebody else's hand: the address isn't proven by it."""
    tx.conn.execute(sa.update(otp_sessions).where(_is(row)).values(handed_at=tx.now.wall))


def use_up(tx: Tx, row: sa.Row[Any]) -> None:
    """The address is proven: this registration is done, and no code fits its siblings any more.

    They aren't marked as used: whoever else began one would see that the address has got an account.
    """
    same = (otp_sessions.c.tenant_id == row.tenant_id) & (otp_sessions.c.email_key == row.email_key)
    void = {"purpose": "decoy", "otp_hash": tx.entropy.token_bytes(32)}
    tx.conn.execute(sa.update(otp_sessions).where(_is(row)).values(used_at=tx.now.wall))
    tx.conn.execute(sa.update(otp_sessions).where(same & otp_sessions.c.used_at.is_(None)).values(void))


def keep_newest(tx: Tx, tenant_id: UUID, email_key: str, count: int) -> None:
    """Replace what is pending for an address: all but the `count` newest go."""
    same = (otp_sessions.c.tenant_id == tenant_id) & (otp_sessions.c.email_key == email_key)
    pending = same & otp_sessions.c.used_at.is_(None)
    newest = sa.select(otp_sessions.c.id).where(pending).order_by(otp_sessions.c.id.desc())
    surplus = [row.id for row in tx.conn.execute(newest.offset(count).limit(100))]
    if surplus:
        where = (otp_sessions.c.tenant_id == tenant_id) & otp_sessions.c.id.in_(surplus)
        tx.conn.execute(sa.delete(otp_sessions).where(where))


def forget(tx: Tx, age: int, most: int = MOST) -> int:
    """Delete registrations whose latest code expired `age` milliseconds ago, `most` of them; says how many."""
    return drop(tx, otp_sessions, passed_for(tx.conn, otp_sessions, "expires", tx.now, age), most)


def _is(row: sa.Row[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(otp_sessions.c.tenant_id == row.tenant_id, otp_sessions.c.id == row.id)
