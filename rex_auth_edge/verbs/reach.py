"""What the console's verbs can reach, and how they name households and people."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import durations, names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.exchange.hub.synchronising import Synchronising
from rex_auth_edge.flows.authenticate import Authenticator
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.flows.people import People
from rex_auth_edge.mail.carrier import Carrier
from rex_auth_edge.mail.drain import Drain
from rex_auth_edge.settings import Settings
from rex_auth_edge.storage import tenants, users

CONSOLE = Caller(user_agent="console")
"""How what is done here is told apart on record."""
MOST = 1000
"""Rows that one answer may have; whoever wants more asks again."""


Verbs = Mapping[str, Callable[..., Awaitable[Any]]]
"""A group's verbs: coroutine functions of a `Reach` and of arguments by name."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A hub as its console sees it; `running` tells whether it serves, or only its database is open for a command.

    `sync` is its synchronisation, None in the cloud.
    """

    settings: Settings
    parts: Parts
    people: People
    authenticator: Authenticator
    drain: Drain
    carrier: Carrier | None
    started: Moment
    running: bool
    sync: Synchronising | None = None


def find_household(conn: sa.Connection, reach: Reach, name: str | None) -> UUID:
    """The household of that slug or id, without a name the hub's default one. Raises RefusedError."""
    if not name and reach.parts.home == NOBODY:
        raise refusal(Code.MISSING_FIELD, "In the cloud say which household: --household SLUG.", "household")
    found = tenants.find(conn, name) if name else reach.parts.home
    if found is None:
        raise refusal(
            Code.NOT_FOUND, f"There is no household {name} here: see `rex-auth-edge household list`.", "household"
        )
    return found


def find_person(conn: sa.Connection, tenant_id: UUID, name: str) -> Any:
    """Somebody of the household by username, e-mail address or id. Raises RefusedError."""
    try:
        found = users.get(conn, tenant_id, UUID(name))
    except ValueError:
        found = users.by_email(conn, tenant_id, names.email_key(name)) if "@" in name else None
        found = found or users.by_username(conn, tenant_id, names.username_key(name))
    if found is None:
        raise refusal(Code.NOT_FOUND, f"There is nobody called {name} here: see `rex-auth-edge user list`.", "user")
    return found


def identifier(text: str, what: str) -> UUID:
    """A UUID. Raises RefusedError."""
    try:
        return UUID(text)
    except ValueError:
        raise refusal(Code.INVALID_FIELD, f"{text} is no id of a {what}.", "id") from None


def bounded(limit: int) -> int:
    """As many rows as were asked for and can be answered."""
    return max(1, min(limit, MOST))


def instant(now: Moment, text: str) -> int:
    """`2h` ago, or a date and time (UTC where it doesn't say), in milliseconds since 1970. Raises RefusedError."""
    found = durations.moment(now.wall, text)
    if found is None:
        said = f"{text} is no time: say 30m, 12h or 7d ago, or 2026-12-24 or 2026-12-24T18:00."
        raise refusal(Code.INVALID_FIELD, said, "time")
    return found


def refusal(code: Code, message: str, field: str) -> RefusedError:
    """A refusal to be raised, which names the argument at fault."""
    return RefusedError(Refused(code, message, {field: "wrong"}))


async def console(reach: Reach, name: str | None) -> Actor:
    """The console, acting on a household. Raises RefusedError where there is none of that name."""
    return Actor.console(await reach.parts.store.read(lambda conn: find_household(conn, reach, name)))


async def member(reach: Reach, actor: Actor, name: str) -> Any:
    """Somebody of the household that the console acts on. Raises RefusedError."""
    return await reach.parts.store.read(lambda conn: find_person(conn, actor.tenant_id, name))
