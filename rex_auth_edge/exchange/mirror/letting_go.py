"""Whoever is no longer let in: refused at once, with whatever they hold here."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rex_auth_edge.domain.caller import UNKNOWN_DEVICE
from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.entropy import session_number
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.exchange.mirror import passwords, sessions
from rex_auth_edge.exchange.mirror.side import Side, number, text, uuid_of, value
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.devices import acting
from rex_auth_edge.storage import attempts, confirmations, device_grants, guest_passes, resets, users
from rex_auth_edge.storage import sessions as rows
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.house import session_lives
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import START, Position, is_unsent
from rex_auth_edge.sync.state import Cell

ELSEWHERE = "elsewhere"
"""Why a session has ended: another node said so."""
_EIGHT = 8
_LONG = 20 * 365 * DAY
"""How long another node's session stays listed here, in milliseconds: until that node says that it has ended."""


def remove(tx: Tx, side: Side, row: Any) -> None:
    """Somebody has been deleted elsewhere; their address is struck from the directory by the caller."""
    with tx.quiet():
        _shut_out(tx, side, row.id, "removed")
        attempts.clear(tx, side.tenant_id, side.parts.account(side.tenant_id, row.id))
        users.remove(tx, side.tenant_id, row.id)
    tx.after_commit.append(side.parts.people.forget)


def _shut_out(tx: Tx, side: Side, user_id: UUID, reason: str) -> None:
    lives.end_all(tx, side.parts, side.tenant_id, user_id, reason)
    guest_passes.end_made_by(tx, side.parts.register, side.tenant_id, user_id, "maker")
    resets.void_all(tx, side.tenant_id, user_id)


def after(tx: Tx, side: Side, row: Any, columns: dict[str, Any]) -> None:
    """What a person's other columns bring with them, `row` being the one of before."""
    if columns.get("disabled"):
        with tx.quiet():
            _shut_out(tx, side, row.id, "disabled")
    if columns.get("voice") is False:
        acting.stop_for(tx, side.parts, side.tenant_id, row.id)
    if "role" in columns:
        _ranked(tx, side, row, Role(columns["role"]))
    if columns.get("email_key", row.email_key) != row.email_key:
        resets.prove_nothing(tx, side.tenant_id, row.id)
        if columns["email_key"] is None:
            resets.void_all(tx, side.tenant_id, row.id)  # what was mailed there is in the hands of whoever reads it
    if "password_tag" in columns and not passwords.is_same(side, row):
        resets.void_all(tx, side.tenant_id, row.id)
        device_grants.end(tx, side.parts.register, side.tenant_id, "password", user_id=row.id)
        confirmations.withdraw(tx, side.tenant_id, user_id=row.id)


def _ranked(tx: Tx, side: Side, row: Any, role: Role) -> None:
    """With a lower role this node's sessions end, for their tokens say the higher."""
    before = Role(row.role)
    if role.below(before):
        own = [each.id for each in rows.open_of(tx.conn, side.tenant_id, row.id) if each.generation > rows.ELSEWHERE]
        lives.end(tx, side.parts, side.tenant_id, own, "role")
        guest_passes.end_made_by(tx, side.parts.register, side.tenant_id, row.id, "maker")
    elif before.below(role):
        resets.void_all(tx, side.tenant_id, row.id)


def signed_out(tx: Tx, side: Side, people: Iterable[bytes]) -> None:
    """What devices hold for somebody ends where another node has signed them out since: once for each time."""
    for row in users.some(tx.conn, side.tenant_id, [UUID(bytes=user) for user in sorted(people)]):
        marks = side.house.state(Cell(Kind.SIGN_OUT, row.id.bytes)).marks
        told = [mark.at for mark in marks if mark.by.origin != side.node and not is_unsent(mark.at)]
        latest = max(told, default=START)
        if latest > _heeded(row.sign_outs):
            device_grants.end(tx, side.parts.register, side.tenant_id, "logout", user_id=row.id)
            confirmations.withdraw(tx, side.tenant_id, user_id=row.id)
            with tx.quiet():
                place = b"".join(number.to_bytes(_EIGHT) for number in latest)
                users.change(tx, side.tenant_id, row.id, sign_outs=place)


def _heeded(raw: bytes | None) -> Position:
    """The place of the latest mark that was heeded; nowhere where something else was noted, by a former program."""
    place = START if raw is None else Position(int.from_bytes(raw[:_EIGHT]), int.from_bytes(raw[_EIGHT:]))
    return START if place.epoch >> 32 else place


def settle(tx: Tx, side: Side, told: set[bytes], persons: set[bytes], *, everybody: bool) -> None:
    """End what ends by the cells, of these sessions, these people's or `everybody`'s; list those begun elsewhere."""
    ids = [UUID(bytes=session) for session in sorted(told)]
    found = {row.id: row for row in rows.some(tx.conn, side.tenant_id, ids)}
    present = {row.id: row for row in found.values() if row.revoked_at is None}
    if everybody:
        present |= {row.id: row for row in rows.every_open(tx.conn, side.tenant_id)}
    else:
        whose = [UUID(bytes=user) for user in sorted(persons)]
        present |= {row.id: row for row in rows.open_of_some(tx.conn, side.tenant_id, whose)}
    with tx.quiet():
        lives.end(tx, side.parts, side.tenant_id, list(_over(side, present.values())), ELSEWHERE)
        for session_id in ids:
            if session_id not in found:
                _list(tx, side, session_id)


def _over(side: Side, open_rows: Iterable[Any]) -> Iterable[UUID]:
    """One that nobody else knows of ends with its person alone: by `remove` and `after`."""
    for row in open_rows:
        if sessions.is_told(side.house, row.id.bytes) and not session_lives(side.house, row.id.bytes):
            yield row.id


def _list(tx: Tx, side: Side, session_id: UUID) -> None:
    """A session that another node keeps: here it is seen and ended, but no token fits it."""
    session = session_id.bytes
    state = side.house.state(Cell(Kind.SESSION, session))
    user_id = uuid_of(value(state, "user"))
    if user_id is None or not session_lives(side.house, session) or sessions.begun_by(side.house, session) == side.node:
        return
    since = number(value(state, "created"))
    long, none = tx.now.after(_LONG), tx.entropy.token_bytes(32)
    values = {
        "tenant_id": side.tenant_id,
        "id": session_id,
        "number": session_number(tx.entropy),
        "user_id": user_id,
        "device_hash": UNKNOWN_DEVICE,
        "device_info": text(value(state, "label"), 255),
        "ip_address": text(value(state, "ip"), 64),
        "generation": rows.ELSEWHERE,
        "idle_life": None,
        "refresh_hash": none,
    }
    rows.add(tx, values, fresh=tx.now.after(0), refresh=long, ends=long, since=since)
