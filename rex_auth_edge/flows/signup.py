"""Joining a household begins here: an application, and a letter with a one-time code (`verify` ends it).

Nothing here tells whether an address has an account: one that has goes through the same steps with a code that nobody
knows, and its owner gets a letter that says so.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import HOUR, MINUTE, SECOND, Deadline
from rex_auth_edge.domain.entropy import digits
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.flows import credentials
from rex_auth_edge.flows.household.admission import BY_MAIL, CLAIM, DECOY, Admission, admit
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.mail.letters import AddressTaken, Letter, Verification
from rex_auth_edge.storage import registrations, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx

GUESSES = 3
PENDING_PER_ADDRESS = 5
RESENDABLE = 1 * HOUR
"""How long after its latest code was made a registration may ask for a new one."""

NO_SESSION = Refused(Code.INVALID_OTP_SESSION, "Invalid or expired OTP session; register again")
USED = Refused(Code.OTP_USED, "OTP already used; sign in instead")


@dataclass(frozen=True, slots=True, repr=False)
class Application:
    """What somebody who wants to join has typed."""

    username: str | None
    email: str | None
    password: str | None
    first_name: str | None = None
    last_name: str | None = None
    tenant: str | None = None
    invite: str | None = None
    setup_code: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _Checked:
    """An application that nothing is wrong with."""

    admission: Admission
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
    admission = await parts.store.read(lambda conn: _admit(conn, parts, asked, email))
    if isinstance(admission, Refused):
        return admission
    house = admission.house
    personal = (asked.username, asked.first_name, asked.last_name, email.split("@")[0], house.name)
    refused = credentials.password(asked.password or "", PasswordRule(house.password_rule), personal)
    if refused is not None:
        return refused
    return _Checked(admission, email, await parts.passwords.hash(asked.password or ""), asked)


def _admit(conn: sa.Connection, parts: Parts, asked: Application, email: str) -> Admission | Refused:
    """The right to join, or why there is none; the username is looked at before any address is."""
    admission = admit(conn, parts, tenant=asked.tenant, invite=asked.invite, setup_code=asked.setup_code, email=email)
    if isinstance(admission, Refused) or not asked.username:
        return admission
    taken = users.by_username(conn, admission.house.id, names.username_key(asked.username))
    return credentials.USERNAME_TAKEN if taken else admission


def _begin(tx: Tx, parts: Parts, checked: _Checked, caller: Caller) -> str:
    asked, pending_id, admission = checked.asked, tx.new_id(), checked.admission
    tenant_id, folded = admission.house.id, names.email_key(checked.email)
    taken = users.by_email(tx.conn, tenant_id, folded)
    token = parts.bearers.mint("temp", tenant_id, pending_id)
    bearer = parts.bearers.read("temp", token)
    purpose, code = DECOY if taken else admission.purpose, digits(tx.entropy)
    values = {
        "tenant_id": tenant_id,
        "id": pending_id,
        "token_hash": bearer.digest if bearer else b"",
        "purpose": purpose,
        "email": checked.email,
        "email_key": folded,
        "username": asked.username or "",
        "first_name": asked.first_name,
        "last_name": asked.last_name,
        "password_hash": checked.password_hash,
        "role": admission.role,
        "otp_hash": otp_hash(parts, pending_id, code, decoy=_decoy(tx, purpose)),
        "invitation_id": admission.invitation_id,
        "letter_id": _send(tx, parts, tenant_id, checked.email, _letter(parts, asked, purpose, taken, code)),
    }
    registrations.keep_newest(tx, tenant_id, folded, PENDING_PER_ADDRESS - 1)
    registrations.add(tx, values, resend=_resend(tx, parts), expires=_expires(tx, parts))
    record(tx, tenant_id, Event("register", caller=caller, detail={"pending": str(pending_id), "role": admission.role}))
    return token


def _decoy(tx: Tx, purpose: str) -> bytes:
    """What makes a code's hash fit no code: only a registration by mail has one."""
    return b"" if purpose in BY_MAIL else tx.entropy.token_bytes(32)


def otp_hash(parts: Parts, pending_id: UUID, code: str, *, decoy: bytes = b"") -> bytes:
    """The keyed hash under which a code is kept; a decoy's fits no code."""
    return parts.pepper.digest("otp", pending_id.bytes, code, decoy)


def _resend(tx: Tx, parts: Parts) -> Deadline:
    return tx.now.after(parts.options.lives.otp_cooldown)


def _expires(tx: Tx, parts: Parts) -> Deadline:
    return tx.now.after(parts.options.lives.otp)


def _letter(parts: Parts, asked: Any, purpose: str, taken: Any, code: str) -> Letter | None:
    """What is written to the address; nothing where the setup code is the one that is asked for."""
    if taken is not None:
        return AddressTaken(name=taken.first_name or taken.username)
    if purpose == CLAIM:
        return None
    name = asked.first_name or asked.username or names.username_from(asked.email or "")
    return Verification(name=name, code=code, minutes=parts.options.lives.otp // MINUTE)


def _send(tx: Tx, parts: Parts, tenant_id: UUID, email: str, letter: Letter | None) -> UUID | None:
    return parts.post.send(tx, tenant_id, email, letter, life=parts.options.lives.otp) if letter else None


async def resend(parts: Parts, email: str | None, temp_token: str | None, caller: Caller) -> str | Refused:
    """A new code for a pending registration; its `temp_token` stays the same, and its guesses stay counted."""
    if (refused := missing(email=email, temp_token=temp_token)) is not None:
        return refused
    return await parts.store.write(lambda tx: _renew(tx, parts, email or "", temp_token or "", caller))


def _renew(tx: Tx, parts: Parts, email: str, temp_token: str, caller: Caller) -> str | Refused:
    row = pending(tx, parts, email, temp_token)
    if row is None or _left(row, tx) < parts.options.lives.otp - RESENDABLE:
        return NO_SESSION
    if row.used_at is not None:
        return USED
    if row.attempts >= GUESSES:
        return exceeded(row, tx)
    wait = Deadline(row.resend_at, bytes(row.resend_boot_id), row.resend_boot).remaining(tx.now)
    if wait > 0:
        seconds = -(-wait // SECOND)
        message = f"Please wait {seconds} seconds before requesting a new OTP"
        return Refused(Code.RESEND_TOO_SOON, message, retry_after=seconds)
    code, taken = digits(tx.entropy), users.by_email(tx.conn, row.tenant_id, row.email_key)
    purpose = DECOY if taken else row.purpose
    renewed = otp_hash(parts, row.id, code, decoy=_decoy(tx, purpose))
    letter_id = _send(tx, parts, row.tenant_id, row.email, _letter(parts, row, purpose, taken, code))
    registrations.renew(tx, row, renewed, letter_id, resend=_resend(tx, parts), expires=_expires(tx, parts))
    record(tx, row.tenant_id, Event("register.resend", caller=caller, detail={"pending": str(row.id)}))
    return temp_token


def pending(tx: Tx, parts: Parts, email: str, temp_token: str) -> Any:
    """The registration that the token and the address both name, or None."""
    bearer = parts.bearers.read("temp", temp_token)
    row = registrations.get(tx.conn, bearer.tenant_id, bearer.row_id) if bearer else None
    if row is None or bearer is None or not parts.pepper.same(bytes(row.token_hash), bearer.digest):
        return None
    return row if row.email_key == names.email_key(email) else None


def exceeded(row: Any, tx: Tx) -> Refused:
    """The refusal once a registration's guesses are used up."""
    message = "OTP attempts exceeded; register again"
    return Refused(Code.OTP_ATTEMPTS_EXCEEDED, message, retry_after=max(1, _left(row, tx) // SECOND))


def _left(row: Any, tx: Tx) -> int:
    """Milliseconds until the code expires."""
    return Deadline(row.expires_at, bytes(row.expires_boot_id), row.expires_boot).remaining(tx.now)
