"""Moving in: people of the original become people of a household, a page in one transaction, each of them once.

Who was moved in stays noted in the directory, under a keyed hash: run again it does no harm, and nobody whom an owner
has removed since comes back.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from rex_auth_edge.domain import names
from rex_auth_edge.domain.lockout import Standing
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.domain.roles import Registration, Role
from rex_auth_edge.flows import credentials
from rex_auth_edge.flows.household.founding import slug_for
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import attempts, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx, What

_FOR_GOOD = 6
"""Failures that close an account for good."""
_BELOW = 5


class Arrival(msgspec.Struct, frozen=True):
    """A person of the original; times in milliseconds since 1970."""

    tenant: int
    tenant_name: str
    person: int
    username: str
    email: str
    password_hash: str
    email_verified: bool
    banned_for_good: bool
    failures: int
    ban_until: int | None
    created_at: int | None
    last_login_at: int | None
    changes: list[tuple[int, str]]
    first_name: str | None = None
    last_name: str | None = None


class Outcome(msgspec.Struct):
    """What became of an arrival: `moved`, `before` (in an earlier run) or `left_out`. `notes` say what was changed."""

    person: int
    result: str
    household: str
    username: str
    email: str | None = None
    founded: bool = False
    notes: list[str] = []


class Where(msgspec.Struct, frozen=True):
    """From which database, into which household (None: each tenant into its own), and which names are spoken for."""

    source: str
    into: UUID | None
    spoken_for: frozenset[str] = frozenset()


class _Undone(Exception):  # noqa: N818 - nothing went wrong
    """Carries what a dry run has found out of its transaction, which is undone."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


async def move(parts: Parts, arrivals: Sequence[Arrival], where: Where, *, dry: bool) -> list[Outcome]:
    """Move people in, or find out what that would do."""

    def work(tx: Tx) -> list[Outcome]:
        outcomes = [_arrive(tx, parts, each, where) for each in arrivals]
        if dry:
            raise _Undone(outcomes)
        return outcomes

    try:
        return await parts.store.write(work)
    except _Undone as undone:
        return undone.outcomes


def _arrive(tx: Tx, parts: Parts, each: Arrival, where: Where) -> Outcome:
    noted = parts.pepper.digest("moved person", where.source, str(each.person))
    if there := tenants.whereabouts(tx.conn, noted):
        house = tenants.get(tx.conn, there[0])
        return Outcome(each.person, "before", house.slug if house else "", each.username)
    notes: list[str] = []
    tenant_id, founded = (where.into, False) if where.into else _household(tx, parts, each, where)
    email = _email(tx, tenant_id, each, where, notes)
    slug = tenants.get(tx.conn, tenant_id).slug
    if email is None and not each.email_verified:
        notes.append("never_verified")
        return Outcome(each.person, "left_out", slug, each.username, founded=founded, notes=notes)
    username = _username(tx, tenant_id, each, where, notes)
    role = Role.ADULT if where.into or users.owners(tx.conn, tenant_id) else Role.OWNER
    user_id = _join(tx, parts, each, tenant_id, (username, email, role), notes)
    tenants.list_in_directory(tx, noted, tenant_id)
    detail = {"username": each.username, "notes": notes, "password_changes": each.changes}
    record(tx, tenant_id, Event("members.move_in", subject_id=user_id, detail=detail))
    return Outcome(each.person, "moved", slug, username, email, founded, notes)


def _household(tx: Tx, parts: Parts, each: Arrival, where: Where) -> tuple[UUID, bool]:
    """The household that the arrival's tenant has become or becomes now."""
    noted = parts.pepper.digest("moved tenant", where.source, str(each.tenant))
    if there := tenants.whereabouts(tx.conn, noted):
        return there[0], False
    slug, name = slug_for(tx, each.tenant_name.partition(":")[2] or each.tenant_name), each.tenant_name[:120]
    tenant_id = tenants.create(tx, slug=slug, name=name or slug, registration=Registration.INVITE)
    tenants.list_in_directory(tx, noted, tenant_id)
    record(tx, tenant_id, Event("household.move_in"))
    return tenant_id, True


def _email(tx: Tx, tenant_id: UUID, each: Arrival, where: Where, notes: list[str]) -> str | None:
    """The address, unless it is none or somebody of the household has it: who was first keeps it."""
    address = credentials.address(each.email)
    if isinstance(address, Refused):
        notes.append("email_invalid")
        return None
    folded = names.email_key(address)
    if folded in where.spoken_for or users.by_email(tx.conn, tenant_id, folded):
        notes.append("email_taken")
        return None
    return address


def _username(tx: Tx, tenant_id: UUID, each: Arrival, where: Where, notes: list[str]) -> str:
    """The username, made one of ours, with a number behind it where somebody has it."""
    base = each.username if names.is_username(each.username) else names.username_from(each.username or each.email)
    chosen, number = base, 1
    while names.username_key(chosen) in where.spoken_for or users.by_username(
        tx.conn, tenant_id, names.username_key(chosen)
    ):
        number += 1
        chosen = f"{base[: names.LONGEST_USERNAME - 8]}-{number}"
    if chosen != each.username:
        notes.append("username_changed")
    return chosen


def _join(
    tx: Tx, parts: Parts, each: Arrival, tenant_id: UUID, as_: tuple[str, str | None, Role], notes: list[str]
) -> UUID:
    user_id, created, (username, email, role) = tx.new_id(), each.created_at or tx.now.wall, as_
    usable = parts.passwords.portable(each.password_hash)
    values: dict[str, Any] = {
        "tenant_id": tenant_id,
        "id": user_id,
        "username": username,
        "username_key": names.username_key(username),
        "email": email,
        "email_key": names.email_key(email) if email else None,
        "email_verified": each.email_verified,
        "email_proven": each.email_verified and email is not None,
        "password_hash": each.password_hash if usable else parts.passwords.nobodys,
        "role": role,
        "disabled": False,
        "first_name": (each.first_name or "")[:120] or None,
        "last_name": (each.last_name or "")[:120] or None,
        "created_at": created,
        "password_changed_at": each.changes[-1][0] if each.changes else created,
        "last_login_at": each.last_login_at,
    }
    users.add(tx, values)
    if email is not None:
        tenants.list_in_directory(tx, parts.address_hash(names.email_key(email)), tenant_id)
    notes += [] if usable else ["password_unusable"]
    notes += [] if each.email_verified else ["email_unverified"]
    _carry_ban(tx, parts, each, tenant_id, user_id, notes)
    return user_id


def _carry_ban(tx: Tx, parts: Parts, each: Arrival, tenant_id: UUID, user_id: UUID, notes: list[str]) -> None:
    """A ban for good stands, what is left of another goes on, and failures below the last rung stay counted."""
    left = (each.ban_until or 0) - tx.now.wall
    failures = _FOR_GOOD if each.banned_for_good else min(max(0, each.failures), _BELOW)
    ban = tx.now.after(left) if left > 0 and not each.banned_for_good else None
    if failures:
        standing = Standing(failures, ban, permanent=each.banned_for_good)
        attempts.carry(tx, tenant_id, parts.account(tenant_id, user_id), standing)
        tx.touch(tenant_id, What.FAILURES, user_id)
    notes += ["banned_for_good"] if each.banned_for_good else ["banned_for_a_while"] if ban and failures else []
