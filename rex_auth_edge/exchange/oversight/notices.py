"""What synchronisation decided against somebody, or because of somebody: told to them and to the owners."""

import re

from msgspec import Struct

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.sync.cloud import alerts
from rex_auth_edge.sync.house import House, field
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.rules.notices import BY_HUB, DECIDED_AT, READ, WHAT
from rex_auth_edge.sync.rules.roles import WAITS_FOR_OWNER
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.verdict import STALE

NO_NOTICE = Refused(Code.NOT_FOUND, "There is no such notice")
HELD = frozenset({WAITS_FOR_OWNER, STALE})
"""What owners find among the changes that wait for them."""
_PERSONAL = frozenset({alerts.PASSWORD, alerts.SHARED})
"""What is nobody's but the person's own to look at."""
_CODE = re.compile(r"[a-z0-9_]{1,40}")
_LATEST = 253_402_300_800_000
"""The year 10000, of which no calendar here tells."""


class Notice(Struct, frozen=True):
    """`about` is whom or what it concerns, `code` what happened, `what` to which parts; `at` as in `decided_at`."""

    id: bytes
    about: bytes
    code: str
    at: int | None = None
    what: tuple[str, ...] = ()


def for_owners(house: House, here: bytes) -> list[Notice]:
    """Everything that owners haven't cleared away, in order; but for what waits for them anyway.

    `here` is the node that shows it: a hub isn't where people hear of what that very hub has done.
    """
    return [notice for notice in _uncleared(house, here) if notice.code not in HELD | _PERSONAL]


def for_person(house: House, user: bytes, here: bytes) -> list[Notice]:
    """What concerns this person, and neither they nor an owner have cleared away; `here` as above."""
    own = [notice for notice in _uncleared(house, here) if notice.about == user]
    return [notice for notice in own if not field(house, Cell(Kind.NOTICE, notice.id), READ)]


def _uncleared(house: House, here: bytes) -> list[Notice]:
    found = [(house.state(Cell(Kind.NOTICE, subject)).rung, subject) for subject in house.subjects(Kind.NOTICE)]
    stand = sorted((rung.at, subject) for rung, subject in found if rung is not None and rung.step == ACTIVE)
    shown = [subject for _, subject in stand if field(house, Cell(Kind.NOTICE, subject), BY_HUB) != here]
    return [notice for subject in shown if (notice := _notice(house, subject)) is not None]


def _notice(house: House, subject: bytes) -> Notice | None:
    about, code = (field(house, Cell(Kind.NOTICE, subject), name) for name in ("about", "code"))
    if not (isinstance(about, bytes) and len(about) == len(HOUSEHOLD) and is_code(code)):
        return None
    parts = field(house, Cell(Kind.NOTICE, subject), WHAT)
    what = tuple(filter(is_code, parts)) if isinstance(parts, list | tuple) else ()
    return Notice(subject, about, code, decided_at(house, Cell(Kind.NOTICE, subject)), what)


def is_code(found: object) -> bool:
    """Whether it is a code, and nothing that somebody else wants people to read."""
    return isinstance(found, str) and _CODE.fullmatch(found) is not None


def decided_at(house: House, cell: Cell) -> int | None:
    """When the cloud decided it, in milliseconds since 1970 by its clock; None where that isn't told."""
    found = field(house, cell, DECIDED_AT)
    return found if isinstance(found, int) and 0 <= found < _LATEST else None


def clear(scribe: Scribe, subject: bytes, owner: bytes | None) -> Refused | None:
    """An owner (None: the console) has seen it: nobody is told any more."""
    if not any(notice.id == subject for notice in _uncleared(scribe.house, scribe.node)):
        return NO_NOTICE
    scribe.write(Cell(Kind.NOTICE, subject), scribe.pen().climb(REVOKED, owner), owner)
    return None


def read(scribe: Scribe, subject: bytes, user: bytes) -> Refused | None:
    """The person has seen it; owners still do, so that nobody who got into an account can hide what tells of it."""
    if not any(notice.id == subject for notice in for_person(scribe.house, user, scribe.node)):
        return NO_NOTICE
    scribe.write(Cell(Kind.NOTICE, subject), scribe.pen().put(**{READ: True}), user)
    return None
