"""The household's people: seen, added, given a role, disabled, pardoned, removed. Somebody always owns it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import names
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.domain.roles import Act, Role
from rex_auth_edge.flows import credentials
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.household.actor import NO_MEMBER, Actor, forbidden, note, on_record, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.flows.people import People
from rex_auth_edge.keys.passwords import PasswordPool
from rex_auth_edge.storage import attempts, guest_passes, resets, tenants, users
from rex_auth_edge.storage.tx import Tx, What

LAST_OWNER = Refused(Code.LAST_OWNER, "The household needs an owner who can sign in: make somebody else an owner first")
_BAD_ROLE = Refused(
    Code.INVALID_FIELD, "role is one of " + ", ".join(Role), {"role": "not a role"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A person's row, and whether failed sign-ins keep them out at present (of some device, or of new ones).

    Only to owners is all of it shown (`whole`).
    """

    row: Any
    banned: bool
    whole: bool

    @property
    def status(self) -> str:
        """Active, disabled, banned, or `no_password`: none opens the account here, until another is set."""
        if self.row.disabled:
            return "disabled"
        if self.banned:
            return "banned"
        return "no_password" if PasswordPool.is_nobodys(self.row.password_hash) else "active"


async def listed(parts: Parts, actor: Actor) -> list[Member] | Refused:
    """Everybody in the household."""

    def query(conn: sa.Connection) -> list[Member] | Refused:
        now = parts.clock.now()
        if (refused := forbidden(conn, now, actor, Act.MEMBERS)) is not None:
            return refused
        whole = forbidden(conn, now, actor, Act.ACTIVITY) is None
        banned = attempts.banned(conn, actor.tenant_id, now) if whole else frozenset()
        people = users.every(conn, actor.tenant_id)
        return [Member(row, parts.account(row.tenant_id, row.id) in banned, whole) for row in people]

    return await parts.store.read(query)


async def find(parts: Parts, actor: Actor, user_id: UUID) -> Member | Refused:
    """One member."""

    def query(conn: sa.Connection) -> Member | Refused:
        now = parts.clock.now()
        if (refused := forbidden(conn, now, actor, Act.MEMBERS)) is not None:
            return refused
        row, whole = users.get(conn, actor.tenant_id, user_id), forbidden(conn, now, actor, Act.ACTIVITY) is None
        if row is None:
            return NO_MEMBER
        account = parts.account(row.tenant_id, row.id)
        return Member(row, whole and attempts.any_ban(conn, row.tenant_id, account, now), whole)

    return await parts.store.read(query)


@dataclass(frozen=True, slots=True, repr=False)
class Newcomer:
    """Somebody for whom an owner vouches: a child, a guest, or whoever has no address of mail."""

    username: str | None
    password: str | None
    role: str | None
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A new member; where the role `waits` for an owner elsewhere they are a guest until then."""

    id: UUID
    waits: bool


async def add(parts: Parts, actor: Actor, newcomer: Newcomer) -> Added | Refused:
    """A member without an e-mail address; the platform takes them as verified, since an owner vouches for them."""
    asked = {"username": newcomer.username, "password": newcomer.password, "role": newcomer.role}
    refused = missing(**asked) or credentials.username(newcomer.username or "") or _unfit(newcomer)
    if refused is not None:
        return refused
    # Asked here as well as in the transaction that adds, so that nobody who may not makes the hub hash.
    refused = await parts.store.write(lambda tx: refusal(tx, actor, Act.ADD))
    if refused is not None:
        return refused
    house = await parts.store.read(lambda conn: tenants.get(conn, actor.tenant_id))
    personal = (newcomer.username, newcomer.first_name, newcomer.last_name, house.name)
    refused = credentials.password(newcomer.password or "", PasswordRule(house.password_rule), personal)
    if refused is not None:
        return refused
    hashed = await parts.passwords.hash(newcomer.password or "")
    done, held = await parts.store.write(lambda tx: (_add(tx, parts, actor, newcomer, hashed), tx.held))
    return done if isinstance(done, Refused) else Added(done, waits=done in held)


def _unfit(newcomer: Newcomer) -> Refused | None:
    if newcomer.role not in set(Role):
        return _BAD_ROLE
    return credentials.too_long({"first_name": newcomer.first_name, "last_name": newcomer.last_name})


def _add(tx: Tx, parts: Parts, actor: Actor, newcomer: Newcomer, hashed: str) -> UUID | Refused:
    username, user_id = newcomer.username or "", tx.new_id()
    if (refused := refusal(tx, actor, Act.ADD)) is not None:
        return refused
    if users.by_username(tx.conn, actor.tenant_id, names.username_key(username)) is not None:
        return credentials.USERNAME_TAKEN
    users.add(tx, {
        "tenant_id": actor.tenant_id,
        "id": user_id,
        "username": username,
        "username_key": names.username_key(username),
        "email_verified": True,
        "email_proven": False,
        "password_hash": hashed,
        "role": newcomer.role,
        "disabled": False,
        "first_name": newcomer.first_name,
        "last_name": newcomer.last_name,
        "guardian_id": actor.user_id if newcomer.role == Role.CHILD else None,
    })  # fmt: skip
    parts.setup.settle(tx, actor.tenant_id)
    note(tx, actor, Act.ADD, user_id, detail={"role": newcomer.role})
    return user_id


async def set_role(parts: Parts, actor: Actor, user_id: UUID, role: str | None) -> bool | Refused:
    """Give a member another role; where it is a lower one their sessions end, for their tokens say the higher.

    True where it waits for an owner elsewhere: then nothing is changed yet.
    """
    if role not in set(Role):
        return (None if role else missing(role=role)) or _BAD_ROLE
    wanted = Role(role)

    def work(tx: Tx) -> Refused | None:
        user = _subject(tx, actor, Act.SET_ROLE, user_id)
        if isinstance(user, Refused):
            return user
        if wanted is not Role.OWNER and _last_owner(tx, user):
            return on_record(tx, actor, Act.SET_ROLE, user_id, LAST_OWNER)
        users.change(tx, user.tenant_id, user.id, role=wanted)
        parts.setup.settle(tx, user.tenant_id)
        tx.after_commit.append(parts.people.forget)
        if Role(user.role).below(wanted):
            resets.void_all(tx, user.tenant_id, user.id)  # one that was handed over would open more than it was for
        if wanted.below(Role(user.role)):
            lives.end_all(tx, parts, user.tenant_id, user.id, "role")
            guest_passes.end_made_by(tx, parts.register, user.tenant_id, user.id, "maker")
        note(tx, actor, Act.SET_ROLE, user.id, detail={"before": user.role, "role": wanted})
        return None

    refused, held = await parts.store.write(lambda tx: (work(tx), tx.held), urgent=wanted is not Role.OWNER)
    return refused or user_id in held


def _subject(tx: Tx, actor: Actor, act: Act, user_id: UUID) -> Any:
    """The member whom the act is about, held against changes of who owns the household; or the refusal."""
    tenants.hold(tx, actor.tenant_id)
    if (refused := refusal(tx, actor, act, user_id)) is not None:
        return refused
    user = users.get(tx.conn, actor.tenant_id, user_id, hold=True)
    return user or on_record(tx, actor, act, user_id, NO_MEMBER)


def _last_owner(tx: Tx, user: Any) -> bool:
    return users.owners(tx.conn, user.tenant_id) == [user.id]


async def disable(parts: Parts, actor: Actor, user_id: UUID, people: People) -> Refused | None:
    """Let a member in nowhere any more, until they are enabled: their sessions end everywhere."""

    def work(tx: Tx) -> Refused | None:
        user = _subject(tx, actor, Act.DISABLE, user_id)
        if isinstance(user, Refused):
            return user
        if _last_owner(tx, user):
            return on_record(tx, actor, Act.DISABLE, user_id, LAST_OWNER)
        users.change(tx, user.tenant_id, user.id, disabled=True)
        resets.void_all(tx, user.tenant_id, user.id)
        ended = lives.end_all(tx, parts, user.tenant_id, user.id, "disabled")
        guest_passes.end_made_by(tx, parts.register, user.tenant_id, user.id, "maker")
        tx.after_commit.append(people.forget)
        note(tx, actor, Act.DISABLE, user.id, detail={"ended": ended})
        return None

    return await parts.store.write(work, urgent=True)


async def enable(parts: Parts, actor: Actor, user_id: UUID) -> Refused | None:
    """Let a disabled member sign in again; bans stay, sessions don't come back."""

    def work(tx: Tx) -> Refused | None:
        user = _subject(tx, actor, Act.ENABLE, user_id)
        if isinstance(user, Refused):
            return user
        users.change(tx, user.tenant_id, user.id, disabled=False)
        note(tx, actor, Act.ENABLE, user.id)
        return None

    return await parts.store.write(work)


async def pardon(parts: Parts, actor: Actor, user_id: UUID) -> Refused | None:
    """Lift a member's bans, and forget the failures that brought them, on every device."""

    def work(tx: Tx) -> Refused | None:
        user = _subject(tx, actor, Act.PARDON, user_id)
        if isinstance(user, Refused):
            return user
        if attempts.clear(tx, user.tenant_id, parts.account(user.tenant_id, user.id)):
            tx.touch(user.tenant_id, What.FAILURES, user.id)
        note(tx, actor, Act.PARDON, user.id)
        return None

    return await parts.store.write(work)


async def remove(parts: Parts, actor: Actor, user_id: UUID, people: People) -> Refused | None:
    """Take a member, or oneself, out of the household for good."""
    act = Act.LEAVE if user_id == actor.user_id else Act.REMOVE

    def work(tx: Tx) -> Refused | None:
        user = _subject(tx, actor, act, user_id)
        if isinstance(user, Refused):
            return user
        if _last_owner(tx, user):
            return on_record(tx, actor, act, user_id, LAST_OWNER)
        lives.end_all(tx, parts, user.tenant_id, user.id, "removed")
        guest_passes.end_made_by(tx, parts.register, user.tenant_id, user.id, "maker")
        resets.void_all(tx, user.tenant_id, user.id)
        attempts.clear(tx, user.tenant_id, parts.account(user.tenant_id, user.id))
        if user.email_key is not None:
            tenants.strike_from_directory(tx, parts.address_hash(user.email_key), user.tenant_id)
        users.remove(tx, user.tenant_id, user.id)
        tx.after_commit.append(people.forget)
        note(tx, actor, act, user.id, detail={"username": user.username})
        return None

    return await parts.store.write(work, urgent=True)
