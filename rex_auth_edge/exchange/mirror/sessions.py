"""Sessions: each node keeps its own; of the others' it knows that they are there, and when they have ended."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from rex_auth_edge.exchange.mirror.side import Side, Wish, id_of
from rex_auth_edge.flows.sessions import live
from rex_auth_edge.storage import sessions as rows
from rex_auth_edge.sync.house import House, session_lives
from rex_auth_edge.sync.kinds import ACTIVE, REVOKED, Kind
from rex_auth_edge.sync.state import Cell


def is_told(house: House, session: bytes) -> bool:
    """Whether other nodes know of it."""
    return house.state(Cell(Kind.SESSION, session)).rung is not None


def beginning(side: Side, row: Any) -> Iterator[Wish]:
    """A session that goes on here, and of which nobody else has heard: whose it is at least, so that it can end.

    Nobody hears of it before they have heard of its person, whose it would be for none.
    """
    known = side.house.state(Cell(Kind.USER, row.user_id.bytes)).rung is not None
    if known and not is_told(side.house, row.id.bytes) and live([row], side.now):
        about = {"label": row.device_info, "ip": row.ip_address, "created": row.created_at}
        fields = {"user": id_of(row.user_id)} | ({} if "sessions" in side.kept else about)
        yield Wish(Cell(Kind.SESSION, row.id.bytes), lambda pen: pen.climb(ACTIVE, **fields))


def ending(side: Side, session: bytes, actor: bytes | None) -> Iterator[Wish]:
    """It has ended here, while others still take it for open."""
    if session_lives(side.house, session):
        yield Wish(Cell(Kind.SESSION_END, session), lambda pen: pen.climb(REVOKED, actor), actor)


def of_row(side: Side, session_id: UUID, row: Any, actor: bytes | None) -> Iterator[Wish]:
    """What there is to tell of a session that was touched; None for a row that has been deleted."""
    over = row is None or row.revoked_at is not None or (row.generation > rows.ELSEWHERE and not live([row], side.now))
    yield from ending(side, session_id.bytes, actor) if over else beginning(side, row)


def lingering(side: Side) -> Iterator[UUID]:
    """Sessions that others take for open, and that have ended here or, if they were this node's, aren't here."""
    told = [UUID(bytes=each) for each in side.house.subjects(Kind.SESSION) if session_lives(side.house, each)]
    found = {row.id: row.revoked_at for row in rows.some(side.conn, side.tenant_id, told)}
    for session_id in told:
        own = begun_by(side.house, session_id.bytes) == side.node
        if found.get(session_id) is not None or (own and session_id not in found):
            yield session_id


def begun_by(house: House, session: bytes) -> bytes | None:
    """The node that keeps the session."""
    rung = house.state(Cell(Kind.SESSION, session)).rung
    return None if rung is None else rung.by.origin
