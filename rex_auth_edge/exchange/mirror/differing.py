"""Where a household's rows and its cells say something else: nowhere, but for what is under way."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.mirror import devices, failures, invitations, keys, passwords, people, policy, sessions
from rex_auth_edge.exchange.mirror.side import Side, Wish
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage import sessions as session_rows
from rex_auth_edge.storage import users
from rex_auth_edge.sync.house import House, session_lives
from rex_auth_edge.sync.kinds import ACTIVE, Kind
from rex_auth_edge.sync.state import Cell


def differences(conn: sa.Connection, parts: Parts, tenant_id: UUID, house: House) -> list[Cell]:
    """The cells of which the rows say something else: none in a household where nothing is under way."""
    side = Side.of(conn, parts, tenant_id, house, bytes(16), parts.clock.now())
    found = {wish.cell for wish in _everything(side)} | set(_missing(side))
    return sorted(found)


def _everything(side: Side) -> Iterator[Wish]:
    yield from keys.wishes(side)
    everybody = users.every(side.conn, side.tenant_id)
    for person in everybody:
        yield from people.wishes(side, person, None)
    yield from failures.everything(side, [person.id for person in everybody])
    for session in session_rows.every_open(side.conn, side.tenant_id):
        yield from sessions.beginning(side, session)
    yield from devices.everything(side)
    yield from invitations.everything(side)
    yield from policy.wishes(side, None, named=side.parts.home == NOBODY)
    for session_id in sessions.lingering(side):
        yield from sessions.ending(side, session_id.bytes, None)


def _missing(side: Side) -> Iterator[Cell]:
    """What the cells say and no row does."""
    rows = {row.id.bytes: row for row in users.every(side.conn, side.tenant_id)}
    addressed = {row.email_key for row in rows.values()}
    for user in side.house.subjects(Kind.USER):
        here = people.step(side.house, user) == ACTIVE and "username" in people.image(side.house, user)
        if here != (user in rows):
            yield Cell(Kind.USER, user)
    for user, row in rows.items():
        if passwords.is_another(side, row):
            yield Cell(Kind.PASSWORD, user)
        if users.holding_place(row.id) == row.username_key or _lacks_address(side, row, addressed):
            yield Cell(Kind.USERNAME, user)
    open_here = {row.id.bytes for row in session_rows.every_open(side.conn, side.tenant_id)}
    told = set(side.house.subjects(Kind.SESSION))
    for session in told | open_here:
        if session_lives(side.house, session) != (session in open_here):
            yield Cell(Kind.SESSION, session)


def _lacks_address(side: Side, row: Any, addressed: set[str | None]) -> bool:
    """Whether nobody is found by the address that they have by the cells: of two who haven't proven it, one is."""
    waits = row.email_key == users.holding_place(row.id)
    return waits and people.image(side.house, row.id.bytes)["email_key"] not in addressed
