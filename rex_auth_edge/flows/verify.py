"""Joining a household ends here: the right code makes the account, and signs its person in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rex_auth_edge.domain import names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import DAY, Deadline
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.flows import addresses, credentials, signup
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.household.admission import BY_MAIL, CLAIM, take_place
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.mail.letters import Welcome
from rex_auth_edge.storage import registrations, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx

_WRONG = Refused(Code.INVALID_OTP, "Invalid OTP", {"otp": "wrong"})
_EXPIRED = Refused(Code.OTP_EXPIRED, "OTP expired; ask for a new one")


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
    row = signup.pending(tx, parts, proof.email or "", proof.temp_token or "")
    if row is None:
        return signup.NO_SESSION
    if (refused := _spent(row, tx)) is None and not _right(parts, row, proof.otp or ""):
        refused = _WRONG if registrations.count_guess(tx, row, signup.GUESSES) else signup.exceeded(row, tx)
    if refused is not None:
        record(tx, row.tenant_id, Event("verify", refused.code, caller=caller, detail={"pending": str(row.id)}))
        return refused
    username, user_id = _username(tx, row, proof.username), tx.new_id()
    if isinstance(username, Refused):
        return username
    gone = take_place(tx, row, user_id, username)
    return gone or _join(tx, parts, row, user_id, username, caller)


def _spent(row: Any, tx: Tx) -> Refused | None:
    if row.used_at is not None:
        return signup.USED
    if row.attempts >= signup.GUESSES:
        return signup.exceeded(row, tx)
    over = Deadline(row.expires_at, bytes(row.expires_boot_id), row.expires_boot).passed(tx.now)
    return _EXPIRED if over else None


def _right(parts: Parts, row: Any, otp: str) -> bool:
    if row.purpose == CLAIM:
        return parts.setup.wrong(row.tenant_id, otp) is None
    return parts.pepper.same(bytes(row.otp_hash), signup.otp_hash(parts, row.id, otp.strip()))


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


def _join(tx: Tx, parts: Parts, row: Any, user_id: UUID, username: str, caller: Caller) -> lives.Granted:
    values = {
        "tenant_id": row.tenant_id,
        "id": user_id,
        "username": username,
        "username_key": names.username_key(username),
        "email": row.email,
        "email_key": row.email_key,
        "email_verified": True,
        "email_proven": row.purpose in BY_MAIL and row.handed_at is None,
        "password_hash": row.password_hash,
        "role": row.role,
        "disabled": False,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "last_login_at": tx.now.wall,
    }
    users.add(tx, values)
    parts.setup.settle(tx, row.tenant_id)
    if values["email_proven"]:
        addresses.proven(tx, parts, row.tenant_id, row.email_key)
    else:
        tenants.list_in_directory(tx, parts.address_hash(row.email_key), row.tenant_id)
    registrations.use_up(tx, row)
    user = users.get(tx.conn, row.tenant_id, user_id)
    granted = lives.open_session(tx, parts, user, caller)
    household = tenants.get(tx.conn, row.tenant_id).name
    parts.post.send(tx, row.tenant_id, row.email, Welcome(row.first_name or username, household), life=7 * DAY)
    record(tx, row.tenant_id, Event(
        "verify", actor_id=user_id, subject_id=user_id, session_id=granted.session_id, caller=caller,
        detail={"role": row.role},
    ))  # fmt: skip
    return granted
