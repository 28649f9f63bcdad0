"""A child asks to join, from the LAN and without an address of mail; an owner who is on the LAN too approves.

The child's screen shows a short code, which the owner types: who asks under the child's name from elsewhere is never
taken for the child.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import codes, names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import MINUTE, Moment
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.domain.roles import Act, Registration, Role
from rex_auth_edge.flows import credentials
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.household.admission import UNKNOWN_TENANT
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.hashes import digest_of
from rex_auth_edge.storage import child_requests, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.columns import deadline_of
from rex_auth_edge.storage.tx import Tx

LIFE = 15 * MINUTE
MOST, MOST_FROM_ONE = 5, 2
"""How many wait at a time in a household, and of one address."""
MISSES = 5
"""So many wrong codes end a request. With 20 bits a code, and 5 that wait, none is met by chance: 1 in 40,000."""
_CHARACTERS = 4
_PURPOSE = "child"

NOT_ON_LAN = Refused(Code.NOT_ON_LAN, "This is done at home: from an address in the hub's own network")
NOT_WAITING = Refused(Code.NOT_FOUND, "There is no such request; it may be too old, or decided")
_WRONG = Refused(Code.INVALID_OTP, "That isn't the code on the child's screen", {"screen_code": "wrong"})
_NO_REQUEST = Refused(Code.INVALID_OTP_SESSION, "This request is unknown or too old; ask again")
_CLOSED = Refused(Code.REGISTRATION_CLOSED, "Nobody can ask to join here; speak to an owner of the household")
_FULL = Refused(Code.BUSY, "Several wait already: let an owner look at those first", retry_after=60)


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What a child has typed."""

    username: str | None
    password: str | None
    first_name: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """A request that waits: the code for the screen, and what the screen asks again with; both told this once."""

    code: str
    token: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands: waiting, approved, refused or missed; and the name with which to sign in then."""

    state: str
    username: str


async def ask(parts: Parts, asked: Asked, caller: Caller) -> Waiting | Refused:
    """Ask to join; no username is anybody's by that."""
    username = asked.username or ""
    refused = missing(username=username, password=asked.password) or credentials.username(username)
    refused = refused or credentials.too_long({"first_name": asked.first_name})
    if refused is not None:
        return refused
    house = await parts.store.read(lambda conn: _open_to(conn, parts, asked.tenant, caller))
    if isinstance(house, Refused):
        return house
    personal = (username, asked.first_name, house.name)
    refused = credentials.password(asked.password or "", PasswordRule(house.password_rule), personal)
    if refused is not None:
        return refused
    hashed = await parts.passwords.hash(asked.password or "")
    return await parts.store.write(lambda tx: _ask(tx, parts, house.id, asked, hashed, caller))


def _open_to(conn: sa.Connection, parts: Parts, tenant: str | None, caller: Caller) -> Any | Refused:
    """The household, if a child may ask there now; asked before hashing, and again before it is written down."""
    if not caller.on_lan:
        return NOT_ON_LAN
    tenant_id = tenants.find(conn, tenant) if tenant else parts.home
    if tenant_id is None:
        return UNKNOWN_TENANT
    house = tenants.get(conn, tenant_id)
    if Registration(house.registration) is Registration.CLOSED or not users.owners(conn, tenant_id):
        return _CLOSED
    rows = _live(conn, tenant_id, parts.clock.now())
    from_there = [row for row in rows if row.asked_from == caller.ip_address]
    return _FULL if len(rows) >= MOST or len(from_there) >= MOST_FROM_ONE else house


def _live(conn: sa.Connection, tenant_id: UUID, now: Moment) -> list[Any]:
    rows = ((row, deadline_of(row, "expires")) for row in child_requests.waiting(conn, tenant_id))
    return [row for row, due in rows if due is not None and not due.passed(now)]


def _ask(tx: Tx, parts: Parts, tenant_id: UUID, asked: Asked, hashed: str, caller: Caller) -> Waiting | Refused:
    tenants.hold(tx, tenant_id)
    house = _open_to(tx.conn, parts, str(tenant_id), caller)
    if isinstance(house, Refused):
        return house
    request_id, code, expires = tx.new_id(), codes.code(tx.entropy, _CHARACTERS), tx.now.after(LIFE)
    token = parts.bearers.mint(_PURPOSE, tenant_id, request_id)
    child_requests.add(tx, {
        "tenant_id": tenant_id, "id": request_id, "username": asked.username, "first_name": asked.first_name,
        "password_hash": hashed, "code_hash": _code_hash(parts, request_id, code), "token_hash": digest_of(token),
        "asked_from": caller.ip_address[:64], "device": caller.label,
    }, expires)  # fmt: skip
    record(tx, tenant_id, Event("children.ask", caller=caller, detail={"username": asked.username}))
    return Waiting(code, token, expires.wall)


def _code_hash(parts: Parts, request_id: UUID, code: str) -> bytes:
    return parts.pepper.digest("child code", request_id.bytes, codes.as_meant(code))


async def look(parts: Parts, token: str | None) -> Standing | Refused:
    """Where the request of this token stands, as long as it would have waited."""
    bearer = parts.bearers.read(_PURPOSE, token or "")
    if bearer is None:
        return _NO_REQUEST
    row = await parts.store.read(lambda conn: child_requests.get(conn, bearer.tenant_id, bearer.row_id))
    if row is None or not parts.pepper.same(bytes(row.token_hash), bearer.digest):
        return _NO_REQUEST
    due = deadline_of(row, "expires")
    over = due is None or due.passed(parts.clock.now())
    return _NO_REQUEST if over else Standing(row.state, row.username)


async def waiting(parts: Parts, actor: Actor) -> list[Any] | Refused:
    """The children who wait, without their codes: those are on their screens."""

    def query(conn: sa.Connection) -> list[Any] | Refused:
        now = parts.clock.now()
        refused = forbidden(conn, now, actor, Act.CHILDREN)
        return refused or _live(conn, actor.tenant_id, now)

    return await parts.store.read(query)


async def approve(
    parts: Parts, actor: Actor, request_id: UUID, code: str | None, username: str | None = None
) -> UUID | Refused:
    """Let the child in whose screen shows this code; under another `username` where the one asked for is taken."""
    refused = missing(screen_code=code) or (credentials.username(username) if username else None)
    if refused is not None:
        return refused

    def work(tx: Tx) -> UUID | Refused:
        found = _subject(tx, actor, Act.APPROVE_CHILD, request_id)
        if isinstance(found, Refused):
            return found
        if not parts.pepper.same(bytes(found.code_hash), _code_hash(parts, request_id, code or "")):
            return _missed(tx, actor, found)
        name = username or found.username
        if users.by_username(tx.conn, actor.tenant_id, names.username_key(name)) is not None:
            return credentials.USERNAME_TAKEN
        return _let_in(tx, actor, found, name)

    return await parts.store.write(work)


def _subject(tx: Tx, actor: Actor, act: Act, request_id: UUID) -> Any | Refused:
    """The request, held, if the actor may decide about it from where they are."""
    if (refused := refusal(tx, actor, act)) is not None:
        return refused
    if actor.principal is not None and not actor.caller.on_lan:
        note(tx, actor, act, outcome=NOT_ON_LAN.code)
        return NOT_ON_LAN
    tenants.hold(tx, actor.tenant_id)
    return next((row for row in _live(tx.conn, actor.tenant_id, tx.now) if row.id == request_id), NOT_WAITING)


def _missed(tx: Tx, actor: Actor, row: Any) -> Refused:
    child_requests.miss(tx, row.tenant_id, row.id)
    if row.misses + 1 >= MISSES:
        child_requests.decide(tx, row.tenant_id, row.id, "missed", actor.user_id)
    note(tx, actor, Act.APPROVE_CHILD, outcome=_WRONG.code, detail={"username": row.username})
    return _WRONG


def _let_in(tx: Tx, actor: Actor, row: Any, username: str) -> UUID | Refused:
    user_id = tx.new_id()
    if not child_requests.decide(tx, row.tenant_id, row.id, "approved", actor.user_id, username):
        return NOT_WAITING
    users.add(tx, {
        "tenant_id": row.tenant_id, "id": user_id, "username": username, "username_key": names.username_key(username),
        "email_verified": True, "email_proven": False, "password_hash": row.password_hash, "role": Role.CHILD,
        "disabled": False, "first_name": row.first_name, "guardian_id": actor.user_id,
    })  # fmt: skip
    note(tx, actor, Act.APPROVE_CHILD, user_id, detail={"username": username, "asked_from": row.asked_from})
    return user_id


async def refuse(parts: Parts, actor: Actor, request_id: UUID) -> Refused | None:
    """Let nobody in by this request; from anywhere."""

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.REFUSE_CHILD)) is not None:
            return refused
        row = next((row for row in _live(tx.conn, actor.tenant_id, tx.now) if row.id == request_id), None)
        if row is None or not child_requests.decide(tx, actor.tenant_id, request_id, "refused", actor.user_id):
            return NOT_WAITING
        note(tx, actor, Act.REFUSE_CHILD, detail={"username": row.username})
        return None

    return await parts.store.write(work, urgent=True)
