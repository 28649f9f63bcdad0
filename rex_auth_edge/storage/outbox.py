"""The outbox: letters that wait to be sent, in order for each address."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY, Deadline
from rex_auth_edge.domain.names import email_key
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.passed import MOST, drop, passed_for
from rex_auth_edge.storage.tables import outbox
from rex_auth_edge.storage.tx import Tx

KEPT = 30 * DAY
"""How long letters stay on record after their end."""

STATES = ("waiting", "withheld", "sent", "failed", "expired", "withdrawn")
"""What a letter can be: the first is to be sent, the second is nobody's, the others have ended."""

_CLAIMED = b"claimed to send."
"""Stands for a boot id in the due time of a claimed letter, so that the wall clock ends the claim."""
_waiting = outbox.c.state == "waiting"


def add(
    tx: Tx, tenant_id: UUID, letter_id: UUID, *, letter: str, address: str, sealed: bytes | None, expires: Deadline
) -> None:
    """A letter to be sent by `expires`; one without content is nobody's, and is withheld."""
    ends = tx.now.wall if sealed is None else None
    values = {
        "tenant_id": tenant_id,
        "id": letter_id,
        "letter": letter,
        "address": address,
        "address_key": email_key(address),
        "sealed": sealed,
        "state": "withheld" if sealed is None else "waiting",
        "attempts": 0,
        "created_at": tx.now.wall,
        "ended_at": ends,
        "last_error": None,
    }
    times = deadline_values("due", tx.now.after(0)) | deadline_values("expires", expires)
    tx.conn.execute(sa.insert(outbox).values(values | times))


def eldest(conn: sa.Connection, limit: int) -> list[sa.Row[Any]]:
    """The oldest waiting letter of each address: the others wait for it."""
    first = sa.select(outbox.c.address_key, sa.func.min(outbox.c.id).label("id")).where(_waiting)
    heads = first.group_by(outbox.c.address_key).subquery()
    query = sa.select(outbox).join(heads, (outbox.c.address_key == heads.c.address_key) & (outbox.c.id == heads.c.id))
    return list(conn.execute(query.where(_waiting).order_by(outbox.c.due_at).limit(limit)).all())


def end(tx: Tx, row: sa.Row[Any], state: str, error: str | None = None) -> bool:
    """The letter is `sent`, `failed`, `expired` or `withdrawn`, its content erased; False if it had ended before."""
    values = {"state": state, "ended_at": tx.now.wall, "sealed": None, "last_error": error}
    return tx.conn.execute(sa.update(outbox).where(_is(row) & _waiting).values(values)).rowcount == 1


def retry(tx: Tx, row: sa.Row[Any], due: Deadline, error: str) -> None:
    """Try again at `due`."""
    values = {"attempts": outbox.c.attempts + 1, "last_error": error[:255]} | deadline_values("due", due)
    tx.conn.execute(sa.update(outbox).where(_is(row) & _waiting).values(values))


def claim(tx: Tx, row: sa.Row[Any], until: Deadline) -> bool:
    """Keep other processes off the letter until then, after which it is anybody's again; False if one was first."""
    mine = _is(row) & _waiting & (outbox.c.due_at == row.due_at) & (outbox.c.due_boot == row.due_boot)
    values = deadline_values("due", Deadline(until.wall, _CLAIMED, until.boot))
    return tx.conn.execute(sa.update(outbox).where(mine).values(values)).rowcount == 1


def release(tx: Tx, row: sa.Row[Any], until: Deadline) -> None:
    """Let others have a letter that was claimed `until` then and not delivered."""
    mine = _is(row) & _waiting & (outbox.c.due_at == until.wall) & (outbox.c.due_boot_id == _CLAIMED)
    tx.conn.execute(sa.update(outbox).where(mine).values(deadline_values("due", tx.now.after(0))))


def get(conn: sa.Connection, tenant_id: UUID, letter_id: UUID) -> sa.Row[Any] | None:
    """One of the household's letters."""
    where = (outbox.c.tenant_id == tenant_id) & (outbox.c.id == letter_id)
    return conn.execute(sa.select(outbox).where(where)).one_or_none()


def hasten(tx: Tx, tenant_id: UUID | None = None, letter_id: UUID | None = None) -> int:
    """Have waiting letters tried now: all, a household's, or one of its; says how many.

    Not those that a process is sending at this moment, which another would send again.
    """
    where = [_waiting, outbox.c.due_boot_id != _CLAIMED]
    if tenant_id is not None:
        where.append(outbox.c.tenant_id == tenant_id)
    if letter_id is not None:
        where.append(outbox.c.id == letter_id)
    return tx.conn.execute(sa.update(outbox).where(*where).values(deadline_values("due", tx.now.after(0)))).rowcount


def find(conn: sa.Connection, letter_id: UUID, tenant_id: UUID | None = None) -> sa.Row[Any] | None:
    """One letter of any household, or of one."""
    where = [outbox.c.id == letter_id] + ([] if tenant_id is None else [outbox.c.tenant_id == tenant_id])
    return conn.execute(sa.select(outbox).where(*where)).one_or_none()


def counts(conn: sa.Connection) -> dict[str, int]:
    """How many letters are in each state, those without any included."""
    query = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
    return dict.fromkeys(STATES, 0) | {state: int(count) for state, count in conn.execute(query).all()}


def listed(conn: sa.Connection, tenant_id: UUID | None, states: Sequence[str], limit: int = 100) -> list[sa.Row[Any]]:
    """Letters in these states, a household's or everybody's, the newest first."""
    where = [outbox.c.state.in_(states)] + ([] if tenant_id is None else [outbox.c.tenant_id == tenant_id])
    return list(conn.execute(sa.select(outbox).where(*where).order_by(outbox.c.id.desc()).limit(limit)).all())


def purge(tx: Tx, most: int = MOST) -> int:
    """Delete letters that ended, or at least expired, 30 days ago: `most` of them; says how many."""
    expired = outbox.c.ended_at.is_not(None) & passed_for(tx.conn, outbox, "expires", tx.now, KEPT)
    return drop(tx, outbox, sa.or_(outbox.c.ended_at < tx.now.floor - KEPT, expired), most)


def _is(row: Any) -> sa.ColumnElement[bool]:
    return sa.and_(outbox.c.tenant_id == row.tenant_id, outbox.c.id == row.id)
