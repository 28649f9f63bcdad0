"""Recovering an account by a link sent to its address."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import DAY, MINUTE, Deadline
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.flows import addresses, credentials
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.login import display_name, moment_text
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.mail.letters import PasswordChanged, Reset
from rex_auth_edge.storage import attempts, resets, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx, What

_INVALID = Refused(Code.INVALID_RESET_TOKEN, "Invalid or already used token; ask for a new link")
_EXPIRED = Refused(Code.RESET_TOKEN_EXPIRED, "Token has expired; ask for a new link")


@dataclass(frozen=True, slots=True)
class Resettable:
    """What a good reset token is for. `expires_at` is in milliseconds since 1970.

    One that came `by_mail` proves the address, one that an owner handed over doesn't.
    """

    tenant_id: UUID
    token_id: UUID
    user: Any
    expires_at: int
    minutes_left: int
    by_mail: bool


async def forgot(parts: Parts, email: str | None, tenant: str | None, caller: Caller) -> Refused | None:
    """Send a reset link to the address, if anybody has it; the caller isn't told."""
    if (refused := missing(email=email)) is not None:
        return refused
    address = credentials.address(email or "")
    if isinstance(address, Refused):
        return address
    await parts.store.write(lambda tx: _send_link(tx, parts, address, tenant, caller))
    return None


def _send_link(tx: Tx, parts: Parts, address: str, tenant: str | None, caller: Caller) -> None:
    """Writes the same rows for an address that nobody has: a token of nobody's, and a letter that never leaves.

    Where no household was named they are nobody's household's, or its owners would learn who lives next door.
    """
    folded = names.email_key(address)
    named = tenants.find(tx.conn, tenant) if tenant else None
    if tenant:
        user = users.by_email(tx.conn, named or NOBODY, folded)
    else:
        user = users.by_email_anywhere(tx.conn, parts.address_hash(folded), folded)
    tenant_id, token_id = user.tenant_id if user else named or NOBODY, tx.new_id()
    token = parts.bearers.mint("reset", tenant_id, token_id)
    bearer = parts.bearers.read("reset", token)
    expires, life = tx.now.after(parts.options.lives.reset), parts.options.lives.reset
    resets.add(tx, tenant_id, token_id, user.id if user else NOBODY, bearer.digest if bearer else b"", expires)
    link = f"{parts.options.frontend}/reset-password?token={token}"
    letter = Reset(name=display_name(user) if user else "", link=link, minutes=life // MINUTE)
    parts.post.send(tx, tenant_id, user.email if user else None, letter, life=life)
    record(tx, tenant_id, Event("password.forgot", subject_id=user.id if user else None, caller=caller))


async def check(parts: Parts, token: str | None) -> Resettable | Refused:
    """Whom a reset token is for, without using it."""
    if not token:
        return Refused(Code.MISSING_FIELD, "Missing reset token", {"token": "required"})
    return await parts.store.read(lambda conn: _find(conn, parts, token))


def _find(conn: sa.Connection, parts: Parts, token: str) -> Resettable | Refused:
    bearer = parts.bearers.read("reset", token)
    row = resets.get(conn, bearer.tenant_id, bearer.row_id) if bearer else None
    if bearer is None or row is None or row.used_at is not None:
        return _INVALID
    user = users.get(conn, row.tenant_id, row.user_id)
    if user is None or user.disabled or not parts.pepper.same(bytes(row.token_hash), bearer.digest):
        return _INVALID
    left = Deadline(row.expires_at, bytes(row.expires_boot_id), row.expires_boot).remaining(parts.clock.now())
    if left <= 0:
        return _EXPIRED
    return Resettable(row.tenant_id, row.id, user, row.expires_at, -(-left // MINUTE), row.started_by is None)


async def reset(parts: Parts, token: str | None, password: str | None, caller: Caller) -> Refused | None:
    """Set a new password with a token that is good once. A weak password leaves the token as it is."""
    if (refused := missing(reset_token=token, new_password=password)) is not None:
        return refused
    found = await check(parts, token)
    if isinstance(found, Refused):
        return found
    if (refused := await weakness(parts, found.user, password or "")) is not None:
        return refused
    hashed = await parts.passwords.hash(password or "")
    return await parts.store.write(lambda tx: _redeem(tx, parts, found, hashed, caller))


async def weakness(parts: Parts, user: Any, password: str) -> Refused | None:
    """Why a person can't have this password by their household's rule, or None."""
    house = await parts.store.read(lambda conn: tenants.get(conn, user.tenant_id))
    local_part = (user.email or "").split("@")[0]
    personal = (user.username, user.first_name, user.last_name, local_part, house.name)
    return credentials.password(password, PasswordRule(house.password_rule), personal)


def _redeem(tx: Tx, parts: Parts, found: Resettable, hashed: str, caller: Caller) -> Refused | None:
    user = found.user
    if not resets.redeem(tx, found.tenant_id, found.token_id):
        return _INVALID
    tx.touch(user.tenant_id, What.RESET, user.id)
    resets.void_all(tx, user.tenant_id, user.id)
    shown = found.by_mail and _has_still(tx, user)
    proven = {"email_verified": True, "email_proven": True} if shown else {}
    users.change(tx, user.tenant_id, user.id, password_hash=hashed, password_changed_at=tx.now.wall, **proven)
    if shown:
        addresses.proven(tx, parts, user.tenant_id, user.email_key)
    if attempts.clear(tx, user.tenant_id, parts.account(user.tenant_id, user.id)):
        tx.touch(user.tenant_id, What.FAILURES, user.id)
    lives.end_all(tx, parts, user.tenant_id, user.id, "reset")
    tell(tx, parts, user, caller)
    record(tx, user.tenant_id, Event("password.reset", actor_id=user.id, subject_id=user.id, caller=caller))
    return None


def _has_still(tx: Tx, user: Any) -> bool:
    """Whether the person's address is the one that the link went to, and not another one by now."""
    present = users.get(tx.conn, user.tenant_id, user.id)
    return present is not None and "@" in (present.email_key or "") and present.email_key == user.email_key


def tell(tx: Tx, parts: Parts, user: Any, caller: Caller) -> None:
    """Write to a person that their password is a new one."""
    letter = PasswordChanged(name=display_name(user), device=caller.label, when=moment_text(tx.now.wall))
    parts.post.send(tx, user.tenant_id, user.email, letter, life=7 * DAY)
