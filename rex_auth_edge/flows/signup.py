"""Joining a household: begin, prove the address with a one-time code, and be signed in.

Nothing here tells whether an address has an account: one that has goes through the same steps with a code that nobody
knows, and its owner gets a letter that says so.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, SECOND, Deadline
from rex_auth_edge.domain.entropy import digits
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.domain.roles import Registration, Role
from rex_auth_edge.flows import credentials
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.mail.letters import AddressTaken, Letter, Verification, Welcome
from rex_auth_edge.storage import registrations, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx

GUESSES = 3
PENDING_PER_ADDRESS = 5
RESENDABLE = 1 * HOUR
"""How long after its beginning a registration may ask for a new code."""

_NO_SESSION = Refused(Code.INVALID_OTP_SESSION, "Invalid or expired OTP session; register again")
_WRONG = Refused(Code.INVALID_OTP, "Invalid OTP", {"otp": "wrong"})
_EXPIRED = Refused(Code.OTP_EXPIRED, "OTP expired; ask for a new one")
_USED = Refused(Code.OTP_USED, "OTP already used; sign in instead")
_UNKNOWN_TENANT = Refused(Code.UNKNOWN_TENANT, "There is no such household here", {"tenant": "unknown"})
_CLOSED = Refused(Code.REGISTRATION_CLOSED, "Registration is closed; ask an owner of the household")
_INVITE = Refused(Code.INVITE_REQUIRED, "An invitation is required; ask an owner of the household for one")


@dataclass(frozen=True, slots=True, repr=False)
class Application:
    """What somebody who wants to join has typed."""

    username: str | None
    email: str | None
    password: str | None
    first_name: str | None = None
    last_name: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _Checked:
    """An application that nothing is wrong with."""

    tenant_id: UUID
    email: str
    password_hash: str
    asked: Application


async def initiate(parts: Parts, asked: Application, caller: Caller) -> str | Refused:
    """Begin a registration: the `temp_token` that the code will be presented with."""
    checked = await _check(parts, asked)
    if isinstance(checked, Refused):
        return checked
    return await parts.store.write(lambda tx: _begin(tx, parts, checked, caller))


async def _check(parts: Parts, asked: Application) -> _Checked | Refused:
    if (refused := missing(email=asked.email, password=asked.password)) is not None:
        return refused
    email = credentials.address(asked.email or "")
    if isinstance(email, Refused):
        return email
    named = {"first_name": asked.first_name, "last_name": asked.last_name}
    unfit = credentials.username(asked.username) if asked.username else None
    if (refused := unfit or credentials.too_long(named)) is not None:
        return refused
    house = await parts.store.read(lambda conn: _house(conn, parts, asked))
    if isinstance(house, Refused):
        return house
    personal = (asked.username, asked.first_name, asked.last_name, email.split("@")[0], house.name)
    refused = credentials.password(asked.password or "", PasswordRule(house.password_rule), personal)
    if refused is not None:
        return refused
    return _Checked(house.id, email, await parts.passwords.hash(asked.password or ""), asked)


def _house(conn: sa.Connection, parts: Parts, asked: Application) -> Any:
    """The household to join, or why it can't be joined; the username is looked at before any address is."""
    tenant_id = tenants.find(conn, asked.tenant) if asked.tenant else parts.home
    if tenant_id is None:
        return _UNKNOWN_TENANT
    house = tenants.get(conn, tenant_id)
    match Registration(house.registration):
        case Registration.CLOSED:
            return _CLOSED
        case Registration.INVITE:
            return _INVITE
        case Registration.OPEN:
            taken = asked.username and users.by_username(conn, tenant_id, names.username_key(asked.username))
            return credentials.USERNAME_TAKEN if taken else house


def _begin(tx: Tx, parts: Parts, checked: _Checked, caller: Caller) -> str:
    asked, pending_id = checked.asked, tx.new_id()
    folded = names.email_key(checked.email)
    taken = users.by_email(tx.conn, checked.tenant_id, folded)
    token = parts.bearers.mint("temp", checked.tenant_id, pending_id)
    bearer = parts.bearers.read("temp", token)
    code = digits(tx.entropy)
    values = {
        "tenant_id": checked.tenant_id,
        "id": pending_id,
        "token_hash": bearer.digest if bearer else b"",
        "purpose": "decoy" if taken else "register",
        "email": checked.email,
        "email_key": folded,
        "username": asked.username or "",
        "first_name": asked.first_name,
        "last_name": asked.last_name,
        "password_hash": checked.password_hash,
        "role": Role.ADULT,
        "otp_hash": _otp_hash(parts, pending_id, code, decoy=tx.entropy.token_bytes(32) if taken else b""),
    }
    registrations.keep_newest(tx, checked.tenant_id, folded, PENDING_PER_ADDRESS - 1)
    registrations.add(tx, values, resend=_resend(tx, parts), expires=_expires(tx, parts))
    _send(tx, parts, checked.tenant_id, checked.email, _letter(parts, asked, taken, code))
    record(tx, checked.tenant_id, Event("register", caller=caller, detail={"pending": str(pending_id)}))
    return token


def _otp_hash(parts: Parts, pending_id: UUID, code: str, *, decoy: bytes = b"") -> bytes:
    """The keyed hash under which a code is kept; a decoy's fits no code."""
    return parts.pepper.digest("otp", pending_id.bytes, code, decoy)


def _resend(tx: Tx, parts: Parts) -> Deadline:
    return tx.now.after(parts.options.lives.otp_cooldown)


def _expires(tx: Tx, parts: Parts) -> Deadline:
    return tx.now.after(parts.options.lives.otp)


def _letter(parts: Parts, asked: Any, taken: Any, code: str) -> Letter:
    if taken is not None:
        return AddressTaken(name=taken.first_name or taken.username)
    name = asked.first_name or asked.username or names.username_from(asked.email or "")
    return Verification(name=name, code=code, minutes=parts.options.lives.otp // MINUTE)


def _send(tx: Tx, parts: Parts, tenant_id: UUID, email: str, letter: Letter) -> None:
    parts.post.send(tx, tenant_id, email, letter, life=parts.options.lives.otp)


async def resend(parts: Parts, email: str | None, temp_token: str | None, caller: Caller) -> str | Refused:
    """A new code for a pending registration; its `temp_token` stays the same, and its guesses stay counted."""
    if (refused := missing(email=email, temp_token=temp_token)) is not None:
        return refused
    return await parts.store.write(lambda tx: _renew(tx, parts, email or "", temp_token or "", caller))


def _renew(tx: Tx, parts: Parts, email: str, temp_token: str, caller: Caller) -> str | Refused:
    row = _pending(tx, parts, email, temp_token)
    if row is None or tx.now.wall - row.created_at > RESENDABLE:
        return _NO_SESSION
    if row.used_at is not None:
        return _USED
    if row.attempts >= GUESSES:
        return _exceeded(row, tx)
    wait = Deadline(row.resend_at, bytes(row.resend_boot_id), row.resend_boot).remaining(tx.now)
    if wait > 0:
        seconds = -(-wait // SECOND)
        message = f"Please wait {seconds} seconds before requesting a new OTP"
        return Refused(Code.RESEND_TOO_SOON, message, retry_after=seconds)
    code, taken = digits(tx.entropy), users.by_email(tx.conn, row.tenant_id, row.email_key)
    decoy = tx.entropy.token_bytes(32) if taken else b""
    renewed = _otp_hash(parts, row.id, code, decoy=decoy)
    registrations.renew(tx, row, renewed, resend=_resend(tx, parts), expires=_expires(tx, parts))
    _send(tx, parts, row.tenant_id, row.email, _letter(parts, row, taken, code))
    record(tx, row.tenant_id, Event("register.resend", caller=caller, detail={"pending": str(row.id)}))
    return temp_token


def _pending(tx: Tx, parts: Parts, email: str, temp_token: str) -> Any:
    """The registration that the token and the address both name, or None."""
    bearer = parts.bearers.read("temp", temp_token)
    row = registrations.get(tx.conn, bearer.tenant_id, bearer.row_id) if bearer else None
    if row is None or bearer is None or not parts.pepper.same(bytes(row.token_hash), bearer.digest):
        return None
    return row if row.email_key == names.email_key(email) else None


def _exceeded(row: Any, tx: Tx) -> Refused:
    left = Deadline(row.expires_at, bytes(row.expires_boot_id), row.expires_boot).remaining(tx.now)
    message = "OTP attempts exceeded; register again"
    return Refused(Code.OTP_ATTEMPTS_EXCEEDED, message, retry_after=max(1, left // SECOND))


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """The code as it was typed, and the registration that it is for."""

    email: str | None
    otp: str | None
    temp_token: str | None
    username: str | None = None


async def verify(parts: Parts, proof: Proof, caller: Caller) -> lives.SignedIn | Refused:
    """Make the account and sign its person in, for the right code."""
    if (refused := missing(email=proof.email, otp=proof.otp, temp_token=proof.temp_token)) is not None:
        return refused
    if proof.username and (refused := credentials.username(proof.username)) is not None:
        return refused
    result = await parts.store.write(lambda tx: _redeem(tx, parts, proof, caller))
    return result if isinstance(result, Refused) else lives.grant(parts, result)


def _redeem(tx: Tx, parts: Parts, proof: Proof, caller: Caller) -> lives.Granted | Refused:
    row = _pending(tx, parts, proof.email or "", proof.temp_token or "")
    if row is None:
        return _NO_SESSION
    if (refused := _spent(row, tx)) is None and not _right(parts, row, proof.otp or ""):
        refused = _WRONG if registrations.count_guess(tx, row, GUESSES) else _exceeded(row, tx)
    if refused is not None:
        record(tx, row.tenant_id, Event("verify", refused.code, caller=caller, detail={"pending": str(row.id)}))
        return refused
    username = _username(tx, row, proof.username)
    return username if isinstance(username, Refused) else _join(tx, parts, row, username, caller)


def _spent(row: Any, tx: Tx) -> Refused | None:
    if row.used_at is not None:
        return _USED
    if row.attempts >= GUESSES:
        return _exceeded(row, tx)
    over = Deadline(row.expires_at, bytes(row.expires_boot_id), row.expires_boot).passed(tx.now)
    return _EXPIRED if over else None


def _right(parts: Parts, row: Any, otp: str) -> bool:
    return parts.pepper.same(bytes(row.otp_hash), _otp_hash(parts, row.id, otp.strip()))


def _username(tx: Tx, row: Any, asked: str | None) -> str | Refused:
    """The name that was asked for, unless somebody was first; where none was, a free one made of the person's."""
    chosen = asked or row.username
    if chosen:
        taken = users.by_username(tx.conn, row.tenant_id, names.username_key(chosen))
        return credentials.USERNAME_TAKEN if taken else chosen
    base = names.username_from(row.first_name or row.email)
    if users.by_username(tx.conn, row.tenant_id, base) is None:
        return base
    return f"{base}{tx.entropy.below(10**6):06d}"


def _join(tx: Tx, parts: Parts, row: Any, username: str, caller: Caller) -> lives.Granted:
    user_id = tx.new_id()
    values = {
        "tenant_id": row.tenant_id,
        "id": user_id,
        "username": username,
        "username_key": names.username_key(username),
        "email": row.email,
        "email_key": row.email_key,
        "email_verified": True,
        "password_hash": row.password_hash,
        "role": row.role,
        "disabled": False,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "last_login_at": tx.now.wall,
    }
    users.add(tx, values)
    tenants.list_in_directory(tx, parts.address_hash(row.email_key), row.tenant_id)
    registrations.use_up(tx, row)
    user = users.get(tx.conn, row.tenant_id, user_id)
    granted = lives.open_session(tx, parts, user, caller)
    household = tenants.get(tx.conn, row.tenant_id).name
    parts.post.send(tx, row.tenant_id, row.email, Welcome(row.first_name or username, household), life=7 * DAY)
    record(tx, row.tenant_id, Event(
        "verify", actor_id=user_id, subject_id=user_id, session_id=granted.session_id, caller=caller
    ))  # fmt: skip
    return granted
