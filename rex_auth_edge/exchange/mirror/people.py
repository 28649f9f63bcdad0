"""People: what the cells make of a person's row, and what of the row the cells don't say."""

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from rex_auth_edge.domain.names import email_key, is_username, username_key
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.exchange.mirror import passwords
from rex_auth_edge.exchange.mirror.side import Side, Wish, id_of, text, uuid_of, value
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.storage import users
from rex_auth_edge.sync.house import House, closed, role_of
from rex_auth_edge.sync.kinds import ACTIVE, REVOKED, Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.rules.names import ADDRESS_TAKEN
from rex_auth_edge.sync.rules.notices import DECIDED_AT
from rex_auth_edge.sync.state import Cell

DISABLED = "disabled"
_TRAVELS = {"first_name": 120, "last_name": 120, "phone_number": 40}
"""The columns of a profile that other nodes are told, and how many characters of each fit."""
_LONGEST_ADDRESS = 255


def step(house: House, user: bytes) -> int | None:
    """How far up their ladder a person is, None for nobody."""
    rung = house.state(Cell(Kind.USER, user)).rung
    return None if rung is None else rung.step


def image(house: House, user: bytes) -> dict[str, Any]:
    """The columns of a person's row as the cells have them, but for the password; no name where there is none yet.

    Nothing that another node says is taken as it comes: what is no name or doesn't fit a column counts as absent. What
    nobody has told of stays as it is, such as profiles that are kept at home.
    """
    return {
        **_named(house, user),
        **_addressed(house, user),
        **_profile(house, user),
        "role": (role_of(house, user) or Role.GUEST).value,
        "disabled": bool(house.state(Cell(Kind.DISABLED, user)).marks) or closed(house, user),
    }


def _named(house: House, user: bytes) -> dict[str, Any]:
    name = value(house.state(Cell(Kind.USERNAME, user)), "username")
    good = isinstance(name, str) and is_username(name)
    return {"username": name, "username_key": username_key(name)} if good else {}


def _addressed(house: House, user: bytes) -> dict[str, Any]:
    told = house.state(Cell(Kind.EMAIL, user))
    address = value(told, "address")
    fits = isinstance(address, str) and "@" in address and len(address) <= _LONGEST_ADDRESS
    return {
        "email": address if fits else None,
        "email_key": email_key(address) if fits else None,
        "email_proven": fits and value(told, "proven") is True,
        "email_verified": value(told, "verified") is True,
    }


def _profile(house: House, user: bytes) -> dict[str, Any]:
    told = house.state(Cell(Kind.PROFILE, user))
    names = {name: text(value(told, name), most) for name, most in _TRAVELS.items() if name in told.fields}
    return {**names, "voice": value(told, "voice") is not False, "guardian_id": uuid_of(value(told, "guardian"))}


def who_told(side: Side, user_id: UUID) -> UUID:
    """The node that has told of the person's present address."""
    told = side.house.state(Cell(Kind.EMAIL, user_id.bytes)).fields.get("address")
    return (None if told is None else uuid_of(told.by.origin)) or NOBODY


def wishes(
    side: Side, row: Any, actor: bytes | None, *, giver: bytes | None = None, reset: bool = False
) -> Iterator[Wish]:
    """What the person's row says and the cells don't, in the order in which it has to be told.

    Whoever has been deleted elsewhere isn't told of again. `giver` answers for their role. `reset`: a link has just
    been used for a new password.
    """
    user, present = row.id.bytes, step(side.house, row.id.bytes)
    if present is None:
        yield Wish(Cell(Kind.USER, user), lambda pen: pen.climb(ACTIVE, actor, created=row.created_at), actor)
    elif present >= REVOKED:
        return
    told = image(side.house, user)
    yield from _standing(side, row, told, actor, giver)
    yield from _names(row, told, actor)
    yield from _described(side, row, told, actor)
    yield from passwords.wishes(side, row, actor, reset=reset)


def giver(side: Side, row: Any, actor: bytes | None) -> bytes | None:
    """Who answers for a person's role: nobody raises themselves, but by a code that this node vouches for."""
    before = role_of(side.house, row.id.bytes) or Role.GUEST
    return None if actor == row.id.bytes and before.below(Role(row.role)) else actor


def _standing(side: Side, row: Any, told: dict[str, Any], actor: bytes | None, giver: bytes | None) -> Iterator[Wish]:
    """Role, and whether they are disabled."""
    user = row.id.bytes
    if row.role != told["role"]:
        yield Wish(Cell(Kind.ROLE, user), lambda pen: pen.role(row.role, giver), giver)
    if row.disabled and not told["disabled"]:
        yield Wish(Cell(Kind.DISABLED, user), lambda pen: pen.mark(DISABLED, actor), actor)
    elif not row.disabled and side.house.state(Cell(Kind.DISABLED, user)).marks:
        yield Wish(Cell(Kind.DISABLED, user), lambda pen: pen.lift(Lane.SECURITY), actor)


def _names(row: Any, told: dict[str, Any], actor: bytes | None) -> Iterator[Wish]:
    user, waits = row.id.bytes, users.holding_place(row.id)
    if row.username_key != waits and row.username != told.get("username"):
        key = username_key(row.username)
        yield Wish(Cell(Kind.USERNAME, user), lambda pen: pen.put(username=row.username, key=key), actor)
    columns = ("email", "email_key", "email_proven", "email_verified")
    if row.email_key != waits and any(getattr(row, name) != told[name] for name in columns):
        proven, verified = bool(row.email_proven), bool(row.email_verified)
        fields = {"address": row.email, "key": row.email_key, "proven": proven, "verified": verified}
        yield Wish(Cell(Kind.EMAIL, user), lambda pen: pen.put(**fields), actor)


def _described(side: Side, row: Any, told: dict[str, Any], actor: bytes | None) -> Iterator[Wish]:
    names = () if "profiles" in side.kept else _TRAVELS
    said = {name: getattr(row, name) or None for name in (*names, "voice")}
    fields = {name: here for name, here in said.items() if here != (told.get(name) or None)}
    if row.guardian_id != told["guardian_id"]:
        fields["guardian"] = id_of(row.guardian_id)
    if "voice" in fields:
        fields["voice"] = bool(row.voice)
    if fields:
        yield Wish(Cell(Kind.PROFILE, row.id.bytes), lambda pen: pen.put(**fields), actor)


def leaving(side: Side, user: bytes, actor: bytes | None) -> Iterator[Wish]:
    """Somebody has been deleted here."""
    present = step(side.house, user)
    if present is not None and present < REVOKED:
        yield Wish(Cell(Kind.USER, user), lambda pen: pen.climb(REVOKED, actor), actor)


def losing_address(side: Side, user: bytes) -> Iterator[Wish]:
    """Somebody has proven here, in another household, that the person's address is theirs: told once."""
    told = hashlib.blake2b(repr((user, side.now.wall)).encode(), digest_size=16).digest()
    fields: dict[str, Any] = {"about": user, "code": ADDRESS_TAKEN, DECIDED_AT: side.now.wall}
    yield Wish(Cell(Kind.NOTICE, told), lambda pen: pen.climb(ACTIVE, **fields))


def signing_out(side: Side, user: bytes, but: bytes | None, actor: bytes | None) -> Iterator[Wish]:
    """All of a person's sessions have been ended here, but for one at most."""
    if step(side.house, user) == ACTIVE:
        yield Wish(Cell(Kind.SIGN_OUT, user), lambda pen: pen.mark(but, actor), actor)
