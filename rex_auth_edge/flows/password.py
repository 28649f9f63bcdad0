"""Proving one's password again, and choosing another."""

from typing import Any

import sqlalchemy as sa

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import ClockState, Deadline, Moment
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import GONE, Code, Refused, missing
from rex_auth_edge.flows import recover
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import resets, sessions, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx

_WRONG = Refused(Code.WRONG_PASSWORD, "Current password is incorrect", {"current_password": "wrong"})
_NOT_FRESH = Refused(
    Code.FRESH_SIGN_IN_REQUIRED,
    "Confirm your password first (POST /auth/reauthenticate), then do this within 10 minutes",
)


async def change(
    parts: Parts, principal: Principal, current: str | None, new: str | None, caller: Caller
) -> Refused | None:
    """Set a new password for somebody who knows the present one; their other sessions end."""
    if (refused := missing(current_password=current, new_password=new)) is not None:
        return refused
    user = await _prove(parts, principal, current or "", "password.change", caller)
    if isinstance(user, Refused):
        return user
    if (refused := await recover.weakness(parts, user, new or "")) is not None:
        return refused
    hashed = await parts.passwords.hash(new or "")
    return await parts.store.write(lambda tx: _set(tx, parts, principal, user, hashed, caller))


async def _prove(parts: Parts, principal: Principal, password: str, event: str, caller: Caller) -> Any:
    """The person's row if the password is theirs, else the refusal, which is on record."""
    user = await parts.store.read(lambda conn: users.get(conn, principal.tenant_id, principal.user_id))
    if user is None:
        return GONE
    verdict = await parts.passwords.verify(user.password_hash, password)
    if verdict.ok:
        return user
    failed = Event(
        event, _WRONG.code, actor_id=user.id, subject_id=user.id, session_id=principal.session_id, caller=caller
    )
    await parts.store.write(lambda tx: record(tx, principal.tenant_id, failed))
    return _WRONG


def _set(tx: Tx, parts: Parts, principal: Principal, user: Any, hashed: str, caller: Caller) -> Refused | None:
    present = users.get(tx.conn, user.tenant_id, user.id, hold=True)
    if present is None or present.password_hash != user.password_hash:
        return _WRONG
    users.change(tx, user.tenant_id, user.id, password_hash=hashed, password_changed_at=tx.now.wall)
    resets.void_all(tx, user.tenant_id, user.id)
    lives.end_all(tx, parts, user.tenant_id, user.id, "password", but=principal.session_id)
    recover.tell(tx, parts, user, caller)
    record(tx, user.tenant_id, Event(
        "password.change", actor_id=user.id, subject_id=user.id, session_id=principal.session_id, caller=caller
    ))  # fmt: skip
    return None


async def reauthenticate(parts: Parts, principal: Principal, password: str | None, caller: Caller) -> Refused | None:
    """Prove again who one is: acts that ask for a fresh sign-in are open for the next 10 minutes."""
    if (refused := missing(password=password)) is not None:
        return refused
    user = await _prove(parts, principal, password or "", "reauthenticate", caller)
    if isinstance(user, Refused):
        return user
    event = Event(
        "reauthenticate", actor_id=user.id, subject_id=user.id, session_id=principal.session_id, caller=caller
    )

    def work(tx: Tx) -> None:
        until = tx.now.after(parts.options.lives.fresh)
        sessions.refresh_freshness(tx, principal.tenant_id, principal.session_id, until)
        record(tx, principal.tenant_id, event)

    await parts.store.write(work)
    return None


def unless_fresh(conn: sa.Connection, now: Moment, principal: Principal) -> Refused | None:
    """The refusal of a sensitive act whose session hasn't signed in within the last 10 minutes, or None."""
    fresh = _fresh(conn, principal)
    stale = fresh is None or fresh.passed(now) or (now.state is not ClockState.SYNCED and fresh.boot_id != now.boot_id)
    return _NOT_FRESH if stale else None


def unless_proven(conn: sa.Connection, now: Moment, principal: Principal) -> Refused | None:
    """The refusal, while the clock isn't synced, of a session that hasn't signed in or proven itself in this boot.

    How old it is, nobody can tell then.
    """
    fresh = _fresh(conn, principal)
    proven = now.state is ClockState.SYNCED or (fresh is not None and fresh.boot_id == now.boot_id)
    return None if proven else _NOT_FRESH


def _fresh(conn: sa.Connection, principal: Principal) -> Deadline | None:
    row = sessions.get(conn, principal.tenant_id, principal.session_id)
    return None if row is None else Deadline(row.fresh_at, bytes(row.fresh_boot_id), row.fresh_boot)
