"""What people are asked to confirm: each with a secret that is kept as a hash, and states that only go forward."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline, Moment
from rex_auth_edge.domain.confirming import ConfirmationState, unless_illegal
from rex_auth_edge.storage.columns import deadline_of, deadline_values
from rex_auth_edge.storage.device_tables import confirmations
from rex_auth_edge.storage.passed import MOST, drop, passed_for
from rex_auth_edge.storage.tx import Tx

_OPEN = (ConfirmationState.PENDING.value, ConfirmationState.APPROVED.value)


def add(tx: Tx, values: dict[str, Any], **deadlines: Deadline) -> None:
    """A new one, pending; `deadlines` are `expires`, `quiet` and `counts`."""
    row: dict[str, Any] = {"created_at": tx.now.wall, "state": ConfirmationState.PENDING.value} | values
    for name, due in deadlines.items():
        row |= deadline_values(name, due)
    tx.conn.execute(sa.insert(confirmations).values(row))


def get(conn: sa.Connection, tenant_id: UUID, confirmation_id: UUID) -> sa.Row[Any] | None:
    """One of the household's, whatever became of it."""
    return conn.execute(sa.select(confirmations).where(_is(tenant_id, confirmation_id))).one_or_none()


def of_person(conn: sa.Connection, tenant_id: UUID, user_id: UUID) -> list[sa.Row[Any]]:
    """All that a person was asked for and that is on record, the oldest first."""
    where = (confirmations.c.tenant_id == tenant_id) & (confirmations.c.user_id == user_id)
    return list(conn.execute(sa.select(confirmations).where(where).order_by(confirmations.c.id)).all())


def waits(row: Any, now: Moment) -> bool:
    """Whether it waits for the person, and not for longer than it may."""
    due = deadline_of(row, "expires")
    return row.state == ConfirmationState.PENDING.value and due is not None and not due.passed(now)


def move(tx: Tx, row: Any, state: ConfirmationState, **values: Any) -> bool:
    """Go on from the state in which `row` was read; False where it has gone on since. One of several at a time wins.

    Raises IllegalMoveError.
    """
    unless_illegal(ConfirmationState(row.state), state)
    where = _is(row.tenant_id, row.id) & (confirmations.c.state == row.state)
    return tx.conn.execute(sa.update(confirmations).where(where).values(values | {"state": state.value})).rowcount == 1


def polled(tx: Tx, row: Any, pace: int, following: Deadline) -> None:
    """The device has asked what became of it: it may ask again at `following`, and then every `pace` seconds."""
    values = {"pace": pace} | deadline_values("poll", following)
    tx.conn.execute(sa.update(confirmations).where(_is(row.tenant_id, row.id)).values(values))


def withdraw(tx: Tx, tenant_id: UUID, *, device_id: UUID | None = None, user_id: UUID | None = None) -> None:
    """End what a device has asked for, or a person was asked for, and no token has been given for."""
    named = ((confirmations.c.device_id, device_id), (confirmations.c.user_id, user_id))
    whose = sa.or_(sa.false(), *(column == value for column, value in named if value is not None))
    where = (confirmations.c.tenant_id == tenant_id) & confirmations.c.state.in_(_OPEN) & whose
    tx.conn.execute(sa.update(confirmations).where(where).values(state=ConfirmationState.WITHDRAWN.value))


def forget(tx: Tx, most: int = MOST) -> int:
    """Delete those that count no more, `most` of them; says how many."""
    return drop(tx, confirmations, passed_for(tx.conn, confirmations, "counts", tx.now, 0), most)


def _is(tenant_id: UUID, confirmation_id: UUID) -> sa.ColumnElement[bool]:
    return (confirmations.c.tenant_id == tenant_id) & (confirmations.c.id == confirmation_id)
