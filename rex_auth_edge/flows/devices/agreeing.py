"""A person agrees on their own phone to what a device is to do for them, or refuses; nobody else can for them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import confirming
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.confirming import ConfirmationState
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import GONE, Code, Refused
from rex_auth_edge.flows.devices import acting
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.flows.password import unless_fresh
from rex_auth_edge.storage import confirmations, devices, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.tx import Tx

NO_CONFIRMATION = Refused(Code.NOT_FOUND, "Nothing waits for you there, or no longer: have the device ask again")
_APPROVE, _DENY, _SETTING = "confirmation.approve", "confirmation.deny", "profile.voice"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a device wants of the person, and what the hub knows of that device. Times in milliseconds since 1970."""

    id: UUID
    device: str
    kind: str
    room: str | None
    scopes: tuple[str, ...]
    message: str | None
    asked_from: str | None
    asked_at: int
    expires_at: int


async def listed(parts: Parts, principal: Principal) -> list[Waiting]:
    """What waits for this person, the oldest first."""

    def query(conn: sa.Connection) -> list[Waiting]:
        rows = confirmations.of_person(conn, principal.tenant_id, principal.user_id)
        now = parts.clock.now()
        return [_shown(conn, row) for row in rows if confirmations.waits(row, now)]

    return await parts.store.read(query)


def _shown(conn: sa.Connection, row: Any) -> Waiting:
    device = devices.get(conn, row.tenant_id, row.device_id)
    name, kind, room = (device.name, device.kind, device.room) if device else ("", "other", None)
    scopes = tuple(row.scopes.split())
    return Waiting(
        row.id, name, kind, room, scopes, row.message, row.asked_from, row.created_at, row.expires_at
    )  # fmt: skip


async def approve(parts: Parts, principal: Principal, confirmation_id: UUID, caller: Caller) -> Refused | None:
    """Agree: for a minute the device may fetch a token that says so. Asks for a fresh sign-in."""

    def work(tx: Tx) -> Refused | None:
        row = _waiting(tx, principal, confirmation_id)
        refused = NO_CONFIRMATION if row is None else unless_fresh(tx.conn, tx.now, principal)
        values = deadline_values("expires", tx.now.after(confirming.FOR_THE_DEVICE)) | deadline_values("quiet", None)
        if refused is None and not confirmations.move(tx, row, ConfirmationState.APPROVED, **values):
            refused = NO_CONFIRMATION
        _note(tx, principal, _APPROVE, row, refused, caller)
        return refused

    return await parts.store.write(work)


async def deny(parts: Parts, principal: Principal, confirmation_id: UUID, caller: Caller) -> Refused | None:
    """Refuse: the device is told, and asks this person for nothing for a while."""

    def work(tx: Tx) -> Refused | None:
        row = _waiting(tx, principal, confirmation_id)
        refused: Refused | None = NO_CONFIRMATION
        if row is not None:
            quiet = deadline_values("quiet", tx.now.after(confirming.pause(row.misses)))
            refused = None if confirmations.move(tx, row, ConfirmationState.DENIED, **quiet) else NO_CONFIRMATION
        _note(tx, principal, _DENY, row, refused, caller)
        return refused

    return await parts.store.write(work, urgent=True)


def _waiting(tx: Tx, principal: Principal, confirmation_id: UUID) -> Any:
    """The person's own that waits; anybody else's doesn't exist."""
    row = confirmations.get(tx.conn, principal.tenant_id, confirmation_id)
    mine = row is not None and row.user_id == principal.user_id and confirmations.waits(row, tx.now)
    return row if mine else None


def _note(tx: Tx, principal: Principal, name: str, row: Any, refused: Refused | None, caller: Caller) -> None:
    """On record, with the device and what it was for; guesses at what isn't there leave none."""
    if row is None:
        return
    detail = {"device": str(row.device_id), "scopes": row.scopes.split(), "message": row.message}
    record(tx, principal.tenant_id, Event(
        name, refused.code if refused else "success", actor_id=principal.user_id, subject_id=principal.user_id,
        session_id=principal.session_id, caller=caller, detail=detail,
    ))  # fmt: skip


async def may_act(parts: Parts, principal: Principal) -> bool:
    """Whether devices may act for this person."""
    user = await parts.store.read(lambda conn: users.get(conn, principal.tenant_id, principal.user_id))
    return bool(user and user.voice)


async def let_act(parts: Parts, principal: Principal, caller: Caller, *, wanted: bool) -> Refused | None:
    """Let devices act for this person, which asks for a fresh sign-in, or not: then what they hold ends at once."""

    def work(tx: Tx) -> Refused | None:
        user = users.get(tx.conn, principal.tenant_id, principal.user_id)
        if user is None or user.disabled:
            return GONE
        if wanted and not user.voice and (refused := unless_fresh(tx.conn, tx.now, principal)) is not None:
            return refused
        users.change(tx, user.tenant_id, user.id, voice=wanted)
        if not wanted:
            acting.stop_for(tx, parts, user.tenant_id, user.id)
        record(tx, user.tenant_id, Event(
            _SETTING, actor_id=user.id, subject_id=user.id, session_id=principal.session_id, caller=caller,
            detail={"voice": wanted},
        ))  # fmt: skip
        return None

    return await parts.store.write(work, urgent=not wanted)
