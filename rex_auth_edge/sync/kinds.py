"""Every kind of cell, a row each: in which lane it travels, what a rule decides it by, and what it does to doors."""

import re
from enum import Enum, IntEnum, StrEnum
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.sync.order import START, Lane
from rex_auth_edge.sync.state import Cell, State

PENDING, ACTIVE, REVOKED = 0, 1, 2
"""The ladder of most things; an invitation's is pending, used, revoked. What is revoked comes back as a new id only."""

HOUSEHOLD = bytes(16)
"""The subject of what there is once in a household."""


class Decided(IntEnum):
    """What the rule looks at that decides the kind's changes (`verdict` names it); without one each is taken as it is.

    `BY_WRITER`: whose word it is, so that a node's own change is as it says all the same. `BY_ITSELF`: the change, and
    what its cell has already. `BY_OTHERS`: other cells as well, or rules that decide others look at this one.
    """

    FREELY = 0
    BY_WRITER = 1
    BY_ITSELF = 2
    BY_OTHERS = 3


class Doors(Enum):
    """What may come of a change to such a cell.

    `OPEN`: being active lets somebody or something in, which a hub that isn't trusted can't be believed about. `CLOSE`:
    each mark that is added only closes something, and is believed whoever tells it.
    """

    NEITHER = 0
    OPEN = 1
    CLOSE = 2


class Facts(Struct, frozen=True):
    """What holds for all cells of a kind.

    `ends`: at its ladder's end its subject is over, and forgotten in time. `however_late`: nobody could confirm such a
    change, and it is taken as it is from a hub that was away for long.
    """

    lane: Lane
    decided: Decided
    doors: Doors
    ends: bool = False
    however_late: bool = False


_SECURITY, _IDENTITY, _SESSIONS = Lane.SECURITY, Lane.IDENTITY, Lane.SESSIONS
_FREELY, _BY_WRITER, _BY_ITSELF, _BY_OTHERS = Decided
_NEITHER, _OPEN, _CLOSE = Doors


class Kind(StrEnum):
    """What a cell is about, and the facts of all such cells. The part before the dot names the subject."""

    facts: Facts

    def __new__(cls, name: str, facts: Facts) -> Self:
        """As its row says."""
        kind = str.__new__(cls, name)
        kind._value_, kind.facts = name, facts
        return kind

    USER = "user", Facts(_SECURITY, _BY_OTHERS, _OPEN, ends=True)
    ROLE = "user.role", Facts(_SECURITY, _BY_OTHERS, _CLOSE)
    DISABLED = "user.disabled", Facts(_SECURITY, _BY_OTHERS, _CLOSE)
    BAN = "user.ban", Facts(_SECURITY, _FREELY, _CLOSE)
    SIGN_OUT = "user.sign_out", Facts(_SECURITY, _BY_ITSELF, _CLOSE)
    USERNAME = "user.username", Facts(_IDENTITY, _BY_OTHERS, _NEITHER)
    EMAIL = "user.email", Facts(_IDENTITY, _BY_OTHERS, _NEITHER)
    PROFILE = "user.profile", Facts(_IDENTITY, _BY_ITSELF, _NEITHER)
    PASSWORD = "user.password", Facts(_IDENTITY, _BY_OTHERS, _NEITHER)
    PASSWORD_DUE = "user.password_due", Facts(_SECURITY, _FREELY, _CLOSE)
    FAILURES = "user.failures", Facts(_SESSIONS, _BY_ITSELF, _NEITHER, however_late=True)
    DEVICE = "device", Facts(_SECURITY, _FREELY, _OPEN, ends=True)
    DEVICE_PROFILE = "device.profile", Facts(_IDENTITY, _FREELY, _NEITHER)
    HUB = "hub", Facts(_SECURITY, _BY_OTHERS, _CLOSE)
    KEY = "key", Facts(_SECURITY, _BY_WRITER, _NEITHER, however_late=True)
    INVITATION = "invitation", Facts(_SECURITY, _FREELY, _OPEN, ends=True)
    POLICY = "policy", Facts(_SECURITY, _BY_OTHERS, _NEITHER)
    REVIEW = "review", Facts(_SECURITY, _BY_ITSELF, _NEITHER, ends=True, however_late=True)
    NOTICE = "notice", Facts(_IDENTITY, _BY_ITSELF, _NEITHER, ends=True, however_late=True)
    SESSION = "session", Facts(_SESSIONS, _FREELY, _NEITHER)
    SESSION_END = "session.end", Facts(_SECURITY, _FREELY, _CLOSE, ends=True)
    AUDIT = "audit", Facts(Lane.AUDIT, _BY_WRITER, _NEITHER)


_UNKNOWN = Facts(_SECURITY, _FREELY, _CLOSE)
"""A newer program's kind: in the first lane, since nobody here can tell how urgent it is."""

_FACTS = {kind.value: kind.facts for kind in Kind}
_LANES = {name: facts.lane for name, facts in _FACTS.items()}
_FIRST = _UNKNOWN.lane

_KIND = re.compile(r"[a-z0-9_.]{1,32}")
KNOWN_NEEDS: frozenset[str] = frozenset()
"""The rules beyond these kinds' that this program understands; a cell that needs another closes its subject."""


def facts_of(kind: str) -> Facts:
    """The kind's facts; newer programs' kinds have some as well."""
    return _FACTS.get(kind, _UNKNOWN)


def lane_of(kind: str) -> Lane:
    """The lane in which the kind travels."""
    return _LANES.get(kind, _FIRST)


def subject_of(kind: str) -> str:
    """The kind that says whether there is any such thing: of what is said of somebody it is the person's."""
    return kind.partition(".")[0]


def is_cell(cell: Cell) -> bool:
    """Whether every node can keep it: kinds are short and plain, and ids have 16 bytes."""
    return len(cell.id) == len(HOUSEHOLD) and (cell.kind in _LANES or _KIND.fullmatch(cell.kind) is not None)


def closing(kind: str, state: State) -> State:
    """The part of it that can only close doors or is mere record, whoever tells it and however late.

    Of ladders the end, of marks those that restrict (of several roles the lowest counts), failures, resets, audit.
    """
    if kind == Kind.AUDIT:
        return state
    rung = state.rung if state.rung and state.rung.step >= REVOKED else None
    return replace(
        state,
        rung=rung,
        fields=state.fields if rung else {},
        marks=state.marks if facts_of(kind).doors is Doors.CLOSE else (),
        cleared=START,
        own=(),
        counts=tuple(replace(each, cleared=0) for each in state.counts),
        secret=None,
        rest={},
    )
