"""Signing in: find the account, pay for one hash whoever it is, then decide in one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import lockout, names
from rex_auth_edge.domain.caller import UNKNOWN_DEVICE, Caller
from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.lockout import Standing
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.keys.passwords import Verdict
from rex_auth_edge.mail.letters import Banned, NewDevice
from rex_auth_edge.storage import attempts, sessions, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx, What

INVALID = Refused(Code.INVALID_CREDENTIALS, "Invalid credentials")
_TEMPORARY = Refused(Code.ACCOUNT_TEMPORARILY_BANNED, "Account temporarily banned")
_PERMANENT = Refused(Code.ACCOUNT_BANNED, "Account permanently banned")
_UNVERIFIED = Refused(Code.EMAIL_NOT_VERIFIED, "Email not verified")
_LOOKS = 3
"""At a person's hash, which may become another one while the password is compared with it."""


@dataclass(frozen=True, slots=True, repr=False)
class SignIn:
    """What was typed. A good `refresh_token` of the person's proves the device, for apps without cookies."""

    name: str | None
    password: str | None
    tenant: str | None = None
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class _Account:
    """Whom the name means, or nobody, and the counter that a failure goes to."""

    tenant_id: UUID
    user: Any
    key: bytes
    device_hash: bytes
    standing: Standing

    @property
    def user_id(self) -> UUID | None:
        return self.user.id if self.user else None


async def sign_in(parts: Parts, request: SignIn, caller: Caller) -> lives.SignedIn | Refused:
    """A session for the right password; the same refusal, at the same cost, for everything else."""
    if (refused := missing(email=request.name, password=request.password)) is not None:
        return refused
    for _ in range(_LOOKS):
        result = await _tried(parts, request, caller)
        if result is not None:
            return result if isinstance(result, Refused) else lives.grant(parts, result)
    return INVALID


async def _tried(parts: Parts, request: SignIn, caller: Caller) -> lives.Granted | Refused | None:
    """None where the password was compared with a hash that isn't the person's any more."""
    password = request.password or ""
    account = await parts.store.read(lambda conn: _find(parts, conn, request, caller))
    if account.standing.banned(parts.clock.now()):
        verdict = Verdict(ok=False, rehash=False)
    else:
        verdict = await parts.passwords.verify(account.user.password_hash if account.user else None, password)
    rehashed = await parts.passwords.hash(password) if verdict.ok and verdict.rehash else None
    return await parts.store.write(lambda tx: _decide(tx, parts, account, verdict, rehashed, caller))


def _find(parts: Parts, conn: sa.Connection, request: SignIn, caller: Caller) -> _Account:
    name = request.name or ""
    tenant_id = tenants.find(conn, request.tenant) if request.tenant else parts.home
    if "@" not in name:
        user = users.by_username(conn, tenant_id or NOBODY, names.username_key(name.strip()))
    elif request.tenant:
        user = users.by_email(conn, tenant_id or NOBODY, names.email_key(name))
    else:
        folded, tenant_id = names.email_key(name), None
        user = users.by_email_anywhere(conn, parts.address_hash(folded), folded)
    where = user.tenant_id if user else tenant_id or NOBODY
    key = parts.account(where, user.id) if user else parts.pepper.digest("stranger", where.bytes, names.email_key(name))
    device = _device(parts, conn, where, user.id if user else NOBODY, request.refresh_token, caller)
    return _Account(where, user, key, device, attempts.standing(conn, parts.clock.now(), where, key, device))


def _device(
    parts: Parts, conn: sa.Connection, tenant_id: UUID, user_id: UUID, refresh_token: str | None, caller: Caller
) -> bytes:
    """The device that the caller can prove to be, else `UNKNOWN_DEVICE`."""
    if attempts.is_known(conn, tenant_id, user_id, caller.device_hash):
        return caller.device_hash
    bearer = parts.bearers.read("refresh", refresh_token) if refresh_token else None
    if bearer is None:
        return UNKNOWN_DEVICE
    # Looked up wherever it is from, so that it takes the same for an address that nobody has.
    row = sessions.get(conn, bearer.tenant_id, bearer.row_id)
    proven = row and bearer.tenant_id == tenant_id and row.user_id == user_id and row.revoked_at is None
    return (
        bytes(row.device_hash)
        if row and proven and parts.pepper.same(row.refresh_hash, bearer.digest)
        else UNKNOWN_DEVICE
    )


def _decide(
    tx: Tx, parts: Parts, account: _Account, verdict: Verdict, rehashed: str | None, caller: Caller
) -> lives.Granted | Refused | None:
    standing = attempts.standing(tx.conn, tx.now, account.tenant_id, account.key, account.device_hash, hold=True)
    if standing.banned(tx.now):
        return _refuse(tx, account, caller, _PERMANENT if standing.permanent else _TEMPORARY)
    user = users.get(tx.conn, account.tenant_id, account.user_id or NOBODY, hold=True)
    if verdict.ok and user is not None and user.password_hash != account.user.password_hash:
        return None  # hashed anew by another sign-in, or changed: that is no failure yet
    if not verdict.ok or user is None or user.disabled:
        return _punish(tx, parts, account, standing, caller)
    if not user.email_verified:
        return _refuse(tx, account, caller, _UNVERIFIED)
    return _welcome(tx, parts, account, user, rehashed, caller)


def _refuse(tx: Tx, account: _Account, caller: Caller, refused: Refused) -> Refused:
    who = _stranger(account)
    record(tx, account.tenant_id, Event("login", refused.code, subject_id=account.user_id, caller=caller, detail=who))
    return refused


def _stranger(account: _Account) -> dict[str, str]:
    """What the audit log says instead of an account that doesn't exist; never the address itself."""
    return {} if account.user else {"account": account.key.hex()[:16]}


def _punish(tx: Tx, parts: Parts, account: _Account, standing: Standing, caller: Caller) -> Refused:
    """Count the failure, and start the ban that it brings; this answer is still the ordinary one."""
    after = lockout.after_failure(standing, tx.now)
    attempts.save(tx, account.tenant_id, account.key, account.device_hash, after, exists=account.user is not None)
    if account.user:
        tx.touch(account.tenant_id, What.FAILURES, account.user.id)
    if after.banned(tx.now):
        _announce_ban(tx, parts, account, after)
    return _refuse(tx, account, caller, INVALID)


def _announce_ban(tx: Tx, parts: Parts, account: _Account, after: Standing) -> None:
    until = None if after.ban is None else moment_text(after.ban.wall)
    letter = Banned(name=display_name(account.user) if account.user else "", until=until)
    parts.post.send(tx, account.tenant_id, account.user.email if account.user else None, letter, life=7 * DAY)
    if account.user:
        lives.end_of_device(tx, parts, account.tenant_id, account.user.id, account.device_hash, "banned")
    who = {"failures": after.failures} | _stranger(account)
    record(tx, account.tenant_id, Event("ban", subject_id=account.user_id, detail=who))


def _welcome(tx: Tx, parts: Parts, account: _Account, user: Any, rehashed: str | None, caller: Caller) -> lives.Granted:
    if attempts.clear(tx, user.tenant_id, account.key, account.device_hash):
        tx.touch(user.tenant_id, What.FAILURES, user.id)
    users.signed_in(tx, user.tenant_id, user.id, rehashed)
    if account.device_hash == UNKNOWN_DEVICE:
        when = moment_text(tx.now.wall)
        letter = NewDevice(name=display_name(user), device=caller.label, ip=caller.ip_address, when=when)
        parts.post.send(tx, user.tenant_id, user.email, letter, life=7 * DAY)
    granted = lives.open_session(tx, parts, user, caller)
    record(tx, user.tenant_id, Event(
        "login", actor_id=user.id, subject_id=user.id, session_id=granted.session_id, caller=caller
    ))  # fmt: skip
    return granted


def display_name(user: Any) -> str:
    """What letters call a person."""
    return str(user.first_name or user.username)


def moment_text(wall: int) -> str:
    """Milliseconds since 1970 as a letter says it."""
    return datetime.fromtimestamp(wall / 1000, UTC).strftime("%d %B %Y, %H:%M UTC")
