"""The profile fields that `validate` returns: read once, kept until they change."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage import users
from rex_auth_edge.storage.store import Store

_KEPT = 512


@dataclass(frozen=True, slots=True)
class Person:
    """What clients show of a person. `picture` is a data URL."""

    tenant_id: UUID
    user_id: UUID
    email: str | None
    username: str
    name: str
    picture: str | None


class People:
    """Up to 512 people; a change forgets them all, which a household hardly notices.

    Where other processes make changes too, `told` is called with each change here, and nobody is kept while `hears`
    says that theirs aren't heard of.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.told: Callable[[], None] = lambda: None
        self.hears: Callable[[], bool] = lambda: True
        self._kept: dict[tuple[UUID, UUID], Person] = {}
        self._age = 0

    @property
    def age(self) -> int:
        """How often a profile, or what other nodes sign with, has changed: what was read before may be out of date."""
        return self._age

    def forget(self) -> None:
        """Somebody's profile has changed, or another node's keys; call it after the commit."""
        self.drop()
        self.told()

    def drop(self) -> None:
        """The same where another process has changed it."""
        self._age += 1
        self._kept.clear()

    def kept(self, tenant_id: UUID, user_id: UUID) -> Person | None:
        """A person, if it takes no database to say. Ids are one household's: a hub may give its people any."""
        return self._kept.get((tenant_id, user_id)) if self.hears() else None

    async def find(self, tenant_id: UUID, user_id: UUID) -> Person | None:
        """A person who isn't disabled, or None."""
        person, age = self.kept(tenant_id, user_id), self._age
        if person is not None:
            return person
        person = await self._store.read(lambda conn: _read(conn, tenant_id, user_id))
        if person is not None and age == self._age:
            if len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[tenant_id, user_id] = person
        return person


def _read(conn: sa.Connection, tenant_id: UUID, user_id: UUID) -> Person | None:
    user = users.get(conn, tenant_id, user_id)
    if user is None or user.disabled:
        return None
    name = " ".join(part for part in (user.first_name, user.last_name) if part) or user.username
    picture = data_url(users.picture(conn, tenant_id, user_id))
    return Person(user.tenant_id, user.id, user.email, user.username, name, picture)


def data_url(row: Any) -> str | None:
    """A stored picture as a data URL (RFC 2397)."""
    return f"data:{row.media_type};base64,{b64encode(row.image).decode()}" if row else None
