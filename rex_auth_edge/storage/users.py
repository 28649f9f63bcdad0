"""People: finding them by what they type, and changing what is known of them."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.storage.columns import portions
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.tables import directory, known_devices, user_pictures, users
from rex_auth_edge.storage.tx import Tx, What

_PLACEHOLDER = "~"

_of = (users.c.tenant_id == sa.bindparam("tenant")) & (users.c.id == sa.bindparam("user"))
_get = Prepared(sa.select(users).where(_of))
_get_held = Prepared(sa.select(users).where(_of).with_for_update())
_here = users.c.tenant_id == sa.bindparam("tenant")
_by_email = Prepared(sa.select(users).where(_here & (users.c.email_key == sa.bindparam("name"))))
_by_username = Prepared(sa.select(users).where(_here & (users.c.username_key == sa.bindparam("name"))))
_anywhere = Prepared(
    sa.select(users)
    .join(directory, (directory.c.tenant_id == users.c.tenant_id) & (users.c.email_key == sa.bindparam("name")))
    .where(directory.c.address_hash == sa.bindparam("hash"))
    .order_by(directory.c.told_by.is_not(None), users.c.last_login_at.is_(None), users.c.last_login_at.desc())
    .limit(1)
)
_signed_in = Prepared(
    sa.update(users)
    .where(_of)
    .values(
        last_login_at=sa.bindparam("now"),
        password_hash=sa.func.coalesce(sa.bindparam("rehashed", type_=sa.String), users.c.password_hash),
    )
)


def get(conn: sa.Connection, tenant_id: UUID, user_id: UUID, *, hold: bool = False) -> Any:
    """One person of the household, or None; `hold` keeps others' changes off them until the transaction's end."""
    return (_get_held if hold else _get).one(conn, tenant=tenant_id, user=user_id)


def by_email(conn: sa.Connection, tenant_id: UUID, email_key: str) -> Any:
    """The person with this address (as `names.email_key` gives it) in the household, or None."""
    return _by_email.one(conn, tenant=tenant_id, name=email_key)


def by_username(conn: sa.Connection, tenant_id: UUID, username_key: str) -> Any:
    """The person with this username (as `names.username_key` gives it) in the household, or None."""
    return _by_username.one(conn, tenant=tenant_id, name=username_key)


def by_email_anywhere(conn: sa.Connection, address_hash: bytes, email_key: str) -> Any:
    """The person with this address in the household where they signed in last, or None.

    Whoever has proven it here goes before who has it by another node's word.
    """
    return _anywhere.one(conn, hash=address_hash, name=email_key)


def add(tx: Tx, values: dict[str, Any]) -> None:
    """A new person; every column but the optional ones is in `values`."""
    tx.touch(values["tenant_id"], What.PERSON, values["id"])
    tx.conn.execute(sa.insert(users).values({"created_at": tx.now.wall, "password_changed_at": tx.now.wall} | values))


def signed_in(tx: Tx, tenant_id: UUID, user_id: UUID, rehashed: str | None) -> None:
    """The person has just signed in; `rehashed` is the password's hash by today's parameters, where it wasn't."""
    _signed_in.change(tx.conn, tenant=tenant_id, user=user_id, now=tx.now.wall, rehashed=rehashed)


def change(tx: Tx, tenant_id: UUID, user_id: UUID, **values: Any) -> None:
    """Set columns of one person. Another password is nobody else's yet: it has no tag until other nodes hear of it."""
    tx.touch(tenant_id, What.PERSON, user_id)
    if "password_hash" in values:
        values = {"password_tag": None} | values
    where = (users.c.tenant_id == tenant_id) & (users.c.id == user_id)
    tx.conn.execute(sa.update(users).where(where).values(values))


def every(conn: sa.Connection, tenant_id: UUID) -> list[sa.Row[Any]]:
    """Everybody in the household, in the order that they joined."""
    return list(conn.execute(sa.select(users).where(users.c.tenant_id == tenant_id).order_by(users.c.id)).all())


def some(conn: sa.Connection, tenant_id: UUID, user_ids: Iterable[UUID]) -> Iterator[sa.Row[Any]]:
    """Those of the household's people who are there."""
    for part in portions(user_ids):
        yield from conn.execute(sa.select(users).where((users.c.tenant_id == tenant_id) & users.c.id.in_(part)))


def misplaced(conn: sa.Connection, tenant_id: UUID) -> list[UUID]:
    """Who has no name or address for now, since somebody else still has it here (see `holding_place`)."""
    named, addressed = users.c.username_key.startswith(_PLACEHOLDER), users.c.email_key.startswith(_PLACEHOLDER)
    odd = named | (addressed & ~users.c.email_key.contains("@"))
    return list(conn.execute(sa.select(users.c.id).where((users.c.tenant_id == tenant_id) & odd)).scalars())


def holding_place(user_id: UUID) -> str:
    """What stands for a person's name or address while somebody else has it: nobody can be called that."""
    return f"{_PLACEHOLDER}{user_id.hex}"


def owners(conn: sa.Connection, tenant_id: UUID) -> list[UUID]:
    """The household's owners who aren't disabled; none means that it isn't claimed yet."""
    where = (users.c.tenant_id == tenant_id) & (users.c.role == Role.OWNER) & users.c.disabled.is_(False)
    return list(conn.execute(sa.select(users.c.id).where(where)).scalars())


def remove(tx: Tx, tenant_id: UUID, user_id: UUID) -> None:
    """Take a person out of the household, with what belongs to nobody else; ids are never used again."""
    tx.touch(tenant_id, What.PERSON, user_id)
    remove_picture(tx, tenant_id, user_id)
    devices = (known_devices.c.tenant_id == tenant_id) & (known_devices.c.user_id == user_id)
    tx.conn.execute(sa.delete(known_devices).where(devices))
    tx.conn.execute(sa.delete(users).where((users.c.tenant_id == tenant_id) & (users.c.id == user_id)))


def picture(conn: sa.Connection, tenant_id: UUID, user_id: UUID) -> sa.Row[Any] | None:
    """`media_type` and `image` of a person's picture."""
    where = (user_pictures.c.tenant_id == tenant_id) & (user_pictures.c.user_id == user_id)
    return conn.execute(sa.select(user_pictures).where(where)).one_or_none()


def set_picture(tx: Tx, tenant_id: UUID, user_id: UUID, media_type: str, image: bytes) -> None:
    """Put a picture in the place of the one before."""
    remove_picture(tx, tenant_id, user_id)
    values = {"tenant_id": tenant_id, "user_id": user_id, "media_type": media_type, "image": image}
    tx.conn.execute(sa.insert(user_pictures).values(values))


def remove_picture(tx: Tx, tenant_id: UUID, user_id: UUID) -> None:
    """Leave the person without a picture."""
    where = (user_pictures.c.tenant_id == tenant_id) & (user_pictures.c.user_id == user_id)
    tx.conn.execute(sa.delete(user_pictures).where(where))
