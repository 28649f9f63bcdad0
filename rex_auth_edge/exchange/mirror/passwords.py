"""Passwords: a row's hash is the one whose tag it bears, or one that nobody's password fits."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from rex_auth_edge.exchange.mirror.side import Side, Wish
from rex_auth_edge.exchange.stores.hub import kept_at_home
from rex_auth_edge.keys.passwords import PasswordPool
from rex_auth_edge.storage import users
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import START, Lane, Tag
from rex_auth_edge.sync.standing import House, password_of
from rex_auth_edge.sync.state import Cell, Secret

_pack = msgspec.msgpack.Encoder().encode


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
    return _verifier(side, secret) is None and not PasswordPool.is_nobodys(row.password_hash)


def wishes(side: Side, row: Any, actor: bytes | None, *, reset: bool) -> Iterator[Wish]:
    """A password that was set here; by a link it ends the duty to set one."""
    if not is_news(row):
        return
    user, verifier = row.id.bytes, str(row.password_hash).encode()
    known = side.house.state(Cell(Kind.PASSWORD, user)).secret
    knows = START if known is None else known.reset
    write = partial(_tagged, side.tenant_id, row.id)
    cell = Cell(Kind.PASSWORD, user)
    if reset:
        yield Wish(cell, lambda pen: pen.reset(verifier), actor, write)
    else:
        yield Wish(cell, lambda pen: pen.password(verifier, knows=knows), actor, write)
    if reset and side.house.state(Cell(Kind.PASSWORD_DUE, user)).marks:
        yield Wish(Cell(Kind.PASSWORD_DUE, user), lambda pen: pen.lift(Lane.SECURITY), actor)


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
    raw = secret.verifier or kept_at_home(side.conn, side.tenant_id, secret.by)
    try:
        hashed = None if raw is None else raw.decode()
    except UnicodeDecodeError:
        return None
    return hashed if hashed is not None and PasswordPool.portable(hashed) else None
