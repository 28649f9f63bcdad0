"""Passwords: a row's hash is the one whose tag it bears, or one that nobody's password fits."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from rex_auth_edge.exchange.mirror.side import Side, Wish
from rex_auth_edge.exchange.stores.verifiers import Verifiers
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.keys.passwords import PasswordPool
from rex_auth_edge.storage import users
from rex_auth_edge.storage.tx import Tx, What
from rex_auth_edge.sync.house import House, kept_home, password_of
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import START, Lane, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.passwords import AGAIN, is_again
from rex_auth_edge.sync.state import Cell, Secret, State

_pack = msgspec.msgpack.Encoder().encode
_tag = msgspec.msgpack.Decoder(Tag).decode


def good(house: House, user: bytes) -> Secret | None:
    """The password that opens the account at present: none does that is to be set anew first."""
    return None if house.state(Cell(Kind.PASSWORD_DUE, user)).marks else password_of(house, user)


def tag_in_row(secret: Secret | None) -> bytes | None:
    """What a row bears whose hash is this password's."""
    return None if secret is None else _pack(secret.by)


def is_news(row: Any) -> bool:
    """Whether the row's password has been set here, and not been told of yet."""
    return row.password_tag is None and not PasswordPool.is_nobodys(row.password_hash)


def is_another(side: Side, row: Any) -> bool:
    """Whether the row's hash isn't what the cells say: another password's, or one that is to be elsewhere alone."""
    secret = good(side.house, row.id.bytes)
    if row.password_tag != tag_in_row(secret) or secret is None or not secret.withheld:
        return bool(row.password_tag != tag_in_row(secret))
    return side.parts.home == NOBODY and not PasswordPool.is_nobodys(row.password_hash)


def is_same(side: Side, row: Any) -> bool:
    """Whether the password of the cells is the row's, told again under another tag."""
    state = side.house.state(Cell(Kind.PASSWORD, row.id.bytes))
    return row.password_tag is not None and is_again(state, _tag(row.password_tag))


def is_withheld(side: Side, row: Any) -> bool:
    """Whether this hub has what the household's policy once kept at home, and doesn't any more."""
    secret = good(side.house, row.id.bytes)
    at_home = side.parts.home != NOBODY and secret is not None and secret.withheld
    if not at_home or row.password_tag != tag_in_row(secret) or PasswordPool.is_nobodys(row.password_hash):
        return False
    return not kept_home(side.house, row.id.bytes)


def wishes(side: Side, row: Any, actor: bytes | None, *, reset: bool) -> Iterator[Wish]:
    """A password that was set here, or that a restored cloud has lost; by a link it ends the duty to set one."""
    if is_withheld(side, row):
        yield _again(side, row)
    user, verifier = row.id.bytes, str(row.password_hash).encode()
    known = side.house.state(Cell(Kind.PASSWORD, user)).secret
    if not is_news(row) and (known is not None or PasswordPool.is_nobodys(row.password_hash)):
        return
    knows = START if known is None else known.reset
    write = partial(_tagged, side.tenant_id, row.id)
    cell = Cell(Kind.PASSWORD, user)
    if reset:
        yield Wish(cell, lambda pen: pen.reset(verifier), actor, write)
    else:
        yield Wish(cell, lambda pen: pen.password(verifier, knows=knows), actor, write)
    if reset and side.house.state(Cell(Kind.PASSWORD_DUE, user)).marks:
        yield Wish(Cell(Kind.PASSWORD_DUE, user), lambda pen: pen.lift(Lane.SECURITY), actor)


def _again(side: Side, row: Any) -> Wish:
    """The password of home, for everywhere."""
    cell, verifier = Cell(Kind.PASSWORD, row.id.bytes), str(row.password_hash).encode()
    known = side.house.state(cell).secret
    knows = START if known is None else known.reset

    def make(pen: Pen) -> State:
        return replace(pen.password(verifier, knows=knows), fields=pen.put(**{AGAIN: _tag(row.password_tag)}).fields)

    return Wish(cell, make, None, partial(_tagged, side.tenant_id, row.id))


def share_again(tx: Tx, side: Side) -> None:
    """The policy has changed: note whose password of home is to be told now."""
    for row in users.every(tx.conn, side.tenant_id):
        if is_withheld(side, row):
            tx.touch(side.tenant_id, What.PERSON, row.id)


def _tagged(tenant_id: UUID, user_id: UUID, tx: Tx, tag: Tag) -> None:
    users.change(tx, tenant_id, user_id, password_tag=_pack(tag))


def columns(side: Side, user: bytes) -> dict[str, Any]:
    """The row's hash and its tag as the cells have them."""
    secret = good(side.house, user)
    hashed = None if secret is None else _verifier(side, secret)
    tag = tag_in_row(secret)
    return {"password_hash": hashed or side.parts.passwords.nobodys, "password_tag": tag}


def _verifier(side: Side, secret: Secret) -> str | None:
    """The hash, where it is here and one that can be checked at a bearable cost."""
    raw = secret.verifier or Verifiers(side.conn, side.tenant_id).get(secret.by)
    try:
        hashed = None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return None
    return hashed if hashed is not None and PasswordPool.portable(hashed) else None
