"""From the rows to the cells: what they say and the cells don't becomes changes."""

from collections.abc import Iterable, Iterator
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.mirror import passwords, people, sessions
from rex_auth_edge.exchange.mirror.side import Side, Wish, id_of
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sessions as session_rows
from rex_auth_edge.storage import users
from rex_auth_edge.storage.tx import Touch, Tx, What
from rex_auth_edge.sync.kinds import ACTIVE, Kind
from rex_auth_edge.sync.standing import House, session_lives
from rex_auth_edge.sync.state import Cell

_ORDER = list(What)


def capture(tx: Tx, parts: Parts, scribe: Scribe, tenant_id: UUID, touched: Iterable[Touch]) -> set[Cell]:
    """Write as changes what the transaction has changed of the household; which cells those are.

    Where a rule decides otherwise than the flow did, the rows differ from the cells until these are adopted.
    """
    side = Side(tx.conn, parts, tenant_id, scribe.house, scribe.node, tx.now)
    actor = id_of(tx.actors.get(tenant_id))
    listed = sorted(touched, key=lambda each: (_ORDER.index(each.what), each.id))
    resets = {each.id for each in listed if each.what is What.RESET}
    return _write(tx, scribe, (wish for each in listed for wish in _of(side, each, resets, actor)))


def capture_all(tx: Tx, parts: Parts, scribe: Scribe, tenant_id: UUID) -> set[Cell]:
    """Write as changes all that the household's rows say and its cells don't; nobody has to answer for it."""
    side = Side(tx.conn, parts, tenant_id, scribe.house, scribe.node, tx.now)
    return _write(tx, scribe, _everything(side))


def differences(conn: sa.Connection, parts: Parts, tenant_id: UUID, house: House) -> list[Cell]:
    """The cells of which the rows say something else: none in a household where nothing is under way."""
    side = Side(conn, parts, tenant_id, house, bytes(16), parts.clock.now())
    found = {wish.cell for wish in _everything(side)} | set(_missing(side))
    return sorted(found)


def _write(tx: Tx, scribe: Scribe, wishes: Iterable[Wish]) -> set[Cell]:
    written: set[Cell] = set()
    with tx.quiet():
        for wish in wishes:
            pen = scribe.pen()
            scribe.write(wish.cell, wish.make(pen), wish.actor)
            wish.then(tx, pen.tag)
            written.add(wish.cell)
    return written


def _of(side: Side, touch: Touch, resets: set[UUID], actor: bytes | None) -> Iterator[Wish]:
    match touch.what:
        case What.PERSON:
            row = users.get(side.conn, side.tenant_id, touch.id)
            if row is None:
                yield from people.leaving(side, touch.id.bytes, actor)
            else:
                yield from people.wishes(side, row, actor, reset=touch.id in resets)
        case What.SIGN_OUT:
            yield from people.signing_out(side, touch.id.bytes, id_of(touch.but), actor)
        case What.SESSION:
            found = session_rows.get(side.conn, side.tenant_id, touch.id)
            yield from sessions.of_row(side, touch.id, found, actor)
        case What.RESET:
            pass


def _everything(side: Side) -> Iterator[Wish]:
    for person in users.every(side.conn, side.tenant_id):
        yield from people.wishes(side, person, None)
    for session in session_rows.every_open(side.conn, side.tenant_id):
        yield from sessions.beginning(side, session)
    for session_id in sessions.lingering(side):
        yield from sessions.ending(side, session_id.bytes, None)


def _missing(side: Side) -> Iterator[Cell]:
    """What the cells say and no row does."""
    rows = {row.id.bytes: row for row in users.every(side.conn, side.tenant_id)}
    for user in side.house.subjects(Kind.USER):
        here = people.step(side.house, user) == ACTIVE and "username" in people.image(side.house, user)
        if here != (user in rows):
            yield Cell(Kind.USER, user)
    for user, row in rows.items():
        if row.password_tag != passwords.tag_in_row(passwords.good(side.house, user)):
            yield Cell(Kind.PASSWORD, user)
        if users.holding_place(row.id) in {row.username_key, row.email_key}:
            yield Cell(Kind.USERNAME, user)
    open_here = {row.id.bytes for row in session_rows.every_open(side.conn, side.tenant_id)}
    told = set(side.house.subjects(Kind.SESSION))
    for session in told | open_here:
        if session_lives(side.house, session) != (session in open_here):
            yield Cell(Kind.SESSION, session)
