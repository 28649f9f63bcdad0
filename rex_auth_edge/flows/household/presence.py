"""Recovery when every owner is locked out: by the secret on the hub's label, at home, and after a day's delay.

Everybody is told at once, and any owner who still can sign in stops it. The delay is a day that the hub has seen pass:
no wall clock, and no reboot, makes it shorter.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import codes, names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import DAY, HOUR, Deadline, Moment
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.domain.roles import Act, Role
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.household.admission import UNKNOWN_TENANT
from rex_auth_edge.flows.household.children import NOT_ON_LAN
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.mail.letters import Recovery
from rex_auth_edge.storage import recoveries, resets, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx

DELAY = DAY
"""From the start until a new password can be set: what an owner has to see the announcement in, and stop it."""
WINDOW = 3 * DAY
"""And how long it can be set then."""
_LABEL, _CODE = 20, 16
"""Characters of 5 bits: nobody guesses 100 bits at 30 tries a day."""

WRONG = Refused(Code.INVALID_LABEL_SECRET, "That isn't the secret of this hub's label", {"label_secret": "wrong"})
_WRONG_CODE = Refused(Code.INVALID_OTP, "That isn't the code of this recovery", {"recovery_code": "wrong"})
_RUNNING = Refused(Code.RECOVERY_RUNNING, "A recovery is under way already: finish it with its code, when it is time")
_NONE = Refused(Code.NOT_FOUND, "No recovery is under way")
_NO_OWNER = Refused(Code.NOT_FOUND, "No owner of this name can sign in", {"username": "no owner"})
_UNCLAIMED = Refused(Code.REGISTRATION_CLOSED, "Nobody owns this household yet: its setup code makes an owner")
_FACTORY = Refused(Code.INVALID_FIELD, "The label's secret is the factory's (REX_LABEL_SECRET), and stays")


@dataclass(frozen=True, slots=True, repr=False)
class Begun:
    """A recovery. Its code is told this once; times in milliseconds since 1970, as far as the hub knows the time."""

    code: str
    due_at: int
    expires_at: int


@dataclass(frozen=True, slots=True, repr=False)
class Granted:
    """A token, good once, with which the owner's password is set."""

    token: str
    link: str
    expires_at: int


def _left(deadline: Deadline, now: Moment) -> int | None:
    """Milliseconds in running time; None where the boot that set it isn't on record any more."""
    if deadline.boot_id == now.boot_id:
        return deadline.boot - now.boot
    boot = now.past.boots.get(deadline.boot_id) if now.past else None
    return None if boot is None else boot.began + deadline.boot - now.running


def until_due(row: Any, now: Moment) -> int:
    """Milliseconds until a recovery that goes on can be finished; 0 or less then."""
    left = _left(Deadline(row.due_at, bytes(row.due_boot_id), row.due_boot), now)
    return DELAY if left is None else left


def going_on(conn: sa.Connection, tenant_id: UUID, now: Moment) -> Any | None:
    """The household's recovery that is under way, or None."""
    for row in recoveries.waiting(conn, tenant_id):
        left = _left(Deadline(row.expires_at, bytes(row.expires_boot_id), row.expires_boot), now)
        if left is not None and left > 0:
            return row
    return None


# -------------------------------------------------------------------- the label


async def make_label(parts: Parts, *, again: bool) -> str | Refused | None:
    """A new secret for the label, told this once; None where there is one already, unless `again`."""
    if parts.options.label is not None:
        return None if not again else _FACTORY
    secret = codes.code(parts.entropy, _LABEL)

    def work(tx: Tx) -> str | None:
        if recoveries.label(tx.conn) is not None and not again:
            return None
        recoveries.keep_label(tx, _label_hash(parts, secret))
        record(tx, parts.home, Event("recovery.label"))
        return secret

    return await parts.store.write(work)


def _label_hash(parts: Parts, secret: str) -> bytes:
    return parts.pepper.digest("label", codes.as_meant(secret))


def _wrong(conn: sa.Connection, parts: Parts, secret: str) -> Refused | None:
    factory = parts.options.label
    kept = _label_hash(parts, factory.reveal()) if factory else recoveries.label(conn)
    shown = _label_hash(parts, secret)
    return None if kept is not None and parts.pepper.same(kept, shown) else WRONG


# -------------------------------------------------------------------- from start to finish


async def start(parts: Parts, secret: str | None, tenant: str | None, caller: Caller) -> Begun | Refused:
    """Begin a recovery, one at a time, and tell everybody."""
    if (refused := missing(label_secret=secret)) is not None:
        return refused

    def work(tx: Tx) -> Begun | Refused:
        tenant_id = _place(tx, parts, secret or "", tenant, caller)
        if isinstance(tenant_id, Refused):
            return tenant_id
        if not users.owners(tx.conn, tenant_id):
            return _UNCLAIMED
        return _RUNNING if going_on(tx.conn, tenant_id, tx.now) else _start(tx, parts, tenant_id, caller)

    return await parts.store.write(work)


def _place(tx: Tx, parts: Parts, secret: str, tenant: str | None, caller: Caller) -> UUID | Refused:
    """The household, for whoever is at home and knows the label; a wrong secret is put on record."""
    if not caller.on_lan:
        return NOT_ON_LAN
    tenant_id = tenants.find(tx.conn, tenant) if tenant else parts.home
    if (wrong := _wrong(tx.conn, parts, secret)) is not None:
        record(tx, tenant_id or parts.home, Event("recovery.start", wrong.code, caller=caller))
        return wrong
    if tenant_id is None:
        return UNKNOWN_TENANT
    tenants.hold(tx, tenant_id)
    return tenant_id


def _start(tx: Tx, parts: Parts, tenant_id: UUID, caller: Caller) -> Begun:
    recovery_id, code = tx.new_id(), codes.code(tx.entropy, _CODE)
    due, expires = tx.now.after(DELAY), tx.now.after(DELAY + WINDOW)
    hashed, place = _code_hash(parts, recovery_id, code), caller.ip_address[:64]
    values = {"tenant_id": tenant_id, "id": recovery_id, "code_hash": hashed, "asked_from": place}
    recoveries.add(tx, values, due, expires)
    record(tx, tenant_id, Event("recovery.start", caller=caller))
    _tell_everybody(tx, parts, tenant_id, "started")
    return Begun(code, due.wall, expires.wall)


def _code_hash(parts: Parts, recovery_id: UUID, code: str) -> bytes:
    return parts.pepper.digest("recovery code", recovery_id.bytes, codes.as_meant(code))


def _tell_everybody(tx: Tx, parts: Parts, tenant_id: UUID, what: str) -> None:
    house = tenants.get(tx.conn, tenant_id).name
    for person in users.every(tx.conn, tenant_id):
        if person.email and not person.disabled:
            letter = Recovery(name=person.first_name or person.username, household=house, what=what)
            parts.post.send(tx, tenant_id, person.email, letter, life=7 * DAY)


async def finish(
    parts: Parts, secret: str | None, code: str | None, username: str | None, tenant: str | None, caller: Caller
) -> Granted | Refused:
    """Once it is due: a token with which the owner of this name gets a new password. Their sessions end."""
    if (refused := missing(label_secret=secret, recovery_code=code, username=username)) is not None:
        return refused

    def work(tx: Tx) -> Granted | Refused:
        tenant_id = _place(tx, parts, secret or "", tenant, caller)
        if isinstance(tenant_id, Refused):
            return tenant_id
        row = going_on(tx.conn, tenant_id, tx.now)
        refused = _unready(parts, row, code or "", tx.now)
        if row is None or refused is not None:
            refused = refused or _NONE
            record(tx, tenant_id, Event("recovery.finish", refused.code, caller=caller))
            return refused
        user = users.by_username(tx.conn, tenant_id, names.username_key(username or ""))
        if user is None or Role(user.role) is not Role.OWNER or user.disabled:
            return _NO_OWNER
        recoveries.decide(tx, tenant_id, row.id, "redeemed", None)
        return _grant(tx, parts, user, caller)

    return await parts.store.write(work, urgent=True)


def _unready(parts: Parts, row: Any, code: str, now: Moment) -> Refused | None:
    if row is None:
        return _NONE
    if not parts.pepper.same(bytes(row.code_hash), _code_hash(parts, row.id, code)):
        return _WRONG_CODE
    left = until_due(row, now)
    hours = -(-left // HOUR)
    return Refused(Code.RECOVERY_NOT_DUE, f"It isn't time yet: come back in {hours} hours") if left > 0 else None


def _grant(tx: Tx, parts: Parts, user: Any, caller: Caller) -> Granted:
    token_id, expires = tx.new_id(), tx.now.after(parts.options.lives.reset)
    token = parts.bearers.mint("reset", user.tenant_id, token_id)
    bearer = parts.bearers.read("reset", token)
    resets.void_all(tx, user.tenant_id, user.id)
    digest = bearer.digest if bearer else b""
    resets.add(tx, user.tenant_id, token_id, user.id, digest, expires, started_by=NOBODY)
    ended = lives.end_all(tx, parts, user.tenant_id, user.id, "recovery")
    record(tx, user.tenant_id, Event("recovery.finish", subject_id=user.id, caller=caller, detail={"ended": ended}))
    _tell_everybody(tx, parts, user.tenant_id, "finished")
    return Granted(token, f"{parts.options.frontend}/reset-password?token={token}", expires.wall)


async def veto(parts: Parts, actor: Actor) -> Refused | None:
    """Stop the recovery that is under way."""

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.VETO)) is not None:
            return refused
        tenants.hold(tx, actor.tenant_id)
        row = going_on(tx.conn, actor.tenant_id, tx.now)
        if row is None or not recoveries.decide(tx, actor.tenant_id, row.id, "vetoed", actor.user_id):
            return _NONE
        note(tx, actor, Act.VETO)
        _tell_everybody(tx, parts, actor.tenant_id, "stopped")
        return None

    return await parts.store.write(work, urgent=True)


async def seen(parts: Parts, actor: Actor) -> Any | Refused | None:
    """The recovery that is under way, which everybody in the household may know of."""

    def query(conn: sa.Connection) -> Any | Refused | None:
        now = parts.clock.now()
        return forbidden(conn, now, actor, Act.RECOVERY) or going_on(conn, actor.tenant_id, now)

    return await parts.store.read(query)
