"""A person's own profile, picture and history."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from rex_auth_edge.domain import names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import GONE, Code, Refused, missing
from rex_auth_edge.flows import credentials
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.flows.people import People, data_url
from rex_auth_edge.storage import audit, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx

LARGEST_PICTURE = 2 * 1024 * 1024
PAGE = 50

_NOT_HERE = Refused(
    Code.EMAIL_CHANGE_NOT_HERE,
    "The e-mail address can't be changed in the profile; leave `email` out",
    {"email": "not changed here"},
)
_NOT_AN_IMAGE = Refused(
    Code.INVALID_IMAGE, "Not an image: send a PNG, JPEG or WebP as base64 or data URL", {"image_data": "not an image"}
)
_TOO_LARGE = Refused(Code.PICTURE_TOO_LARGE, "The picture is larger than 2 MiB", {"image_data": "too large"})


async def read(parts: Parts, principal: Principal) -> tuple[Any, str | None] | Refused:
    """The person's row, and their picture as a data URL."""

    def query(conn: sa.Connection) -> tuple[Any, str | None] | Refused:
        user = users.get(conn, principal.tenant_id, principal.user_id)
        picture = data_url(users.picture(conn, principal.tenant_id, principal.user_id))
        return (user, picture) if user else GONE

    return await parts.store.read(query)


async def change(
    parts: Parts, people: People, principal: Principal, wanted: Mapping[str, str | None], caller: Caller
) -> Refused | None:
    """Write `first_name, last_name, phone_number, username`; what is absent from `wanted` stays, None clears."""
    if (refused := _unfit(wanted)) is not None:
        return refused
    return await parts.store.write(lambda tx: _write(tx, people, principal, wanted, caller))


def _unfit(wanted: Mapping[str, str | None]) -> Refused | None:
    if (refused := credentials.too_long(wanted)) is not None:
        return refused
    return credentials.username(wanted["username"] or "") if "username" in wanted else None


def _write(
    tx: Tx, people: People, principal: Principal, wanted: Mapping[str, str | None], caller: Caller
) -> Refused | None:
    user = users.get(tx.conn, principal.tenant_id, principal.user_id)
    if user is None:
        return GONE
    if wanted.get("email") and names.email_key(wanted["email"] or "") != user.email_key:
        return _NOT_HERE
    values: dict[str, str | None] = {name: wanted[name] or None for name in credentials.LONGEST if name in wanted}
    if username := wanted.get("username"):
        other = users.by_username(tx.conn, principal.tenant_id, names.username_key(username))
        if other is not None and other.id != user.id:
            return credentials.USERNAME_TAKEN
        values |= {"username": username, "username_key": names.username_key(username)}
    if values:
        users.change(tx, user.tenant_id, user.id, **values)
        _note(tx, people, principal, "profile.change", caller, sorted(values.keys() - {"username_key"}))
    return None


def _note(tx: Tx, people: People, principal: Principal, name: str, caller: Caller, fields: list[str]) -> None:
    tx.after_commit.append(people.forget)
    me = principal.user_id
    event = Event(
        name, actor_id=me, subject_id=me, session_id=principal.session_id, caller=caller, detail={"fields": fields}
    )
    record(tx, principal.tenant_id, event)


async def set_picture(
    parts: Parts, people: People, principal: Principal, image_data: str | None, caller: Caller
) -> Refused | None:
    """Show this picture (base64, with or without the data URL's head) from now on."""
    if (refused := missing(image_data=image_data)) is not None:
        return refused
    image = _image(image_data or "")
    if isinstance(image, Refused):
        return image

    def work(tx: Tx) -> None:
        users.set_picture(tx, principal.tenant_id, principal.user_id, *image)
        _note(tx, people, principal, "picture.change", caller, [])

    await parts.store.write(work)
    return None


def _image(image_data: str) -> tuple[str, bytes] | Refused:
    """The media type, told by the bytes themselves, and the bytes."""
    _, comma, encoded = image_data.partition(",")
    encoded = encoded if comma and image_data.startswith("data:") else image_data
    try:
        image = b64decode("".join(encoded.split()), validate=True)
    except (Base64Error, ValueError):
        return _NOT_AN_IMAGE
    if len(image) > LARGEST_PICTURE:
        return _TOO_LARGE
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", image
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", image
    return ("image/webp", image) if image[:4] == b"RIFF" and image[8:12] == b"WEBP" else _NOT_AN_IMAGE


async def remove_picture(parts: Parts, people: People, principal: Principal, caller: Caller) -> None:
    """Show no picture any more."""

    def work(tx: Tx) -> None:
        users.remove_picture(tx, principal.tenant_id, principal.user_id)
        _note(tx, people, principal, "picture.remove", caller, [])

    await parts.store.write(work)


async def history(parts: Parts, principal: Principal, page: int) -> list[Any]:
    """What happened to the person's account, newest first, 50 a page; the first page is 1."""
    offset = (page - 1) * PAGE
    me = (principal.tenant_id, principal.user_id)
    return await parts.store.read(lambda conn: audit.history(conn, *me, offset=offset, limit=PAGE))
