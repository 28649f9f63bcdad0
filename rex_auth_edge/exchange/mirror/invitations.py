"""Invitations: pending, used or revoked everywhere; its code is good on the node that made it alone."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from rex_auth_edge.domain.names import email_key
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.exchange.mirror.side import Side, Wish, id_of, number, one_of, text, uuid_of, value
from rex_auth_edge.storage import invitations as rows
from rex_auth_edge.storage import outbox, tenants
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import ACTIVE, PENDING, REVOKED, Kind
from rex_auth_edge.sync.state import Cell

USED = ACTIVE


def _step(row: Any) -> int:
    if row.revoked_at is not None:
        return REVOKED
    return PENDING if row.used_at is None else USED


def wishes(side: Side, invitation_id: UUID, row: Any, actor: bytes | None) -> Iterator[Wish]:
    """How far it has come here; one of this node's that has been deleted can be used no more."""
    cell = Cell(Kind.INVITATION, invitation_id.bytes)
    rung = side.house.state(cell).rung
    if row is None:
        if rung is not None and rung.step == PENDING and rung.by.origin == side.node:
            yield Wish(cell, lambda pen: pen.climb(REVOKED, actor), actor)
    elif rung is None and _step(row) == PENDING:
        inviter = id_of(row.invited_by)
        fields = {"name": row.name, "role": row.role, "email": row.email, "by": inviter, "expires": row.expires_at}
        yield Wish(cell, lambda pen: pen.climb(PENDING, actor, **fields), actor)
    elif rung is not None and rung.step < _step(row):
        user = {} if row.used_by is None else {"used_by": id_of(row.used_by)}
        yield Wish(cell, lambda pen: pen.climb(_step(row), actor, **user), actor)


def everything(side: Side) -> Iterator[Wish]:
    """All of the household's."""
    for row in rows.every(side.conn, side.tenant_id):
        yield from wishes(side, row.id, row, None)


def adopt(tx: Tx, side: Side, invitations: Iterable[bytes]) -> None:
    """List those that others have made, and end what has been used or revoked elsewhere."""
    with tx.quiet():
        for invitation_id in (UUID(bytes=each) for each in sorted(invitations)):
            state = side.house.state(Cell(Kind.INVITATION, invitation_id.bytes))
            row = rows.get(tx.conn, side.tenant_id, invitation_id)
            if state.rung is not None and row is None and state.rung.step < REVOKED:
                _list(tx, side, invitation_id)
                row = rows.get(tx.conn, side.tenant_id, invitation_id)
            if state.rung is not None and row is not None and state.rung.step > _step(row):
                _end(tx, side, row, state.rung.step)


def _end(tx: Tx, side: Side, row: Any, step: int) -> None:
    user = uuid_of(value(side.house.state(Cell(Kind.INVITATION, row.id.bytes)), "used_by"))
    if step == USED and user is not None:
        rows.use(tx, side.tenant_id, row.id, user)
    elif not rows.revoke(tx, side.tenant_id, row.id):
        rows.revoke_used(tx, side.tenant_id, row.id)
    tenants.strike_from_directory(tx, bytes(row.code_hash), side.tenant_id)
    letter = outbox.get(tx.conn, side.tenant_id, row.letter_id) if row.letter_id else None
    if letter is not None:
        outbox.end(tx, letter, "withdrawn")


def _list(tx: Tx, side: Side, invitation_id: UUID) -> None:
    """An invitation of another node's, seen and revoked here; no code fits it."""
    state = side.house.state(Cell(Kind.INVITATION, invitation_id.bytes))
    if state.rung is None or state.rung.by.origin == side.node:
        return
    role, email = value(state, "role"), text(value(state, "email"), 255)
    values = {
        "tenant_id": side.tenant_id,
        "id": invitation_id,
        "code_hash": tx.entropy.token_bytes(32),
        "role": one_of(role, Role, Role.GUEST.value),
        "name": text(value(state, "name"), 120),
        "email": email,
        "email_key": None if email is None else email_key(email)[:255],
        "invited_by": uuid_of(value(state, "by")),
        "letter_id": None,
    }
    left = (number(value(state, "expires")) or tx.now.wall) - tx.now.wall
    rows.add(tx, values, tx.now.after(max(0, left)))
