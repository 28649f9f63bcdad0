"""Every kind of cell: in which lane it travels, and which of its facts only ever close doors."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.sync.order import START, Lane
from rex_auth_edge.sync.state import Cell, State

PENDING, ACTIVE, REVOKED = 0, 1, 2
"""The ladder of most things; an invitation's is pending, used, revoked. What is revoked comes back as a new id only."""

HOUSEHOLD = bytes(16)
"""The subject of what there is once in a household."""


class Kind(StrEnum):
    """What a cell is about. The part before the dot names the subject."""

    USER = "user"
    ROLE = "user.role"
    DISABLED = "user.disabled"
    BAN = "user.ban"
    SIGN_OUT = "user.sign_out"
    USERNAME = "user.username"
    EMAIL = "user.email"
    PROFILE = "user.profile"
    PASSWORD = "user.password"  # noqa: S105 - a kind's name
    PASSWORD_DUE = "user.password_due"  # noqa: S105 - likewise
    FAILURES = "user.failures"
    DEVICE = "device"
    DEVICE_PROFILE = "device.profile"
    HUB = "hub"
    KEY = "key"
    INVITATION = "invitation"
    POLICY = "policy"
    REVIEW = "review"
    NOTICE = "notice"
    SESSION = "session"
    SESSION_END = "session.end"
    AUDIT = "audit"


class Rule(Struct, frozen=True):
    """A kind's lane; and whether adding a mark can only close something.

    `letting` says that being active lets somebody or something in, which a distrusted hub can't be believed about.
    """

    lane: Lane
    closing_marks: bool = False
    letting: bool = False


_IDENTITY, _SESSIONS = Rule(Lane.IDENTITY), Rule(Lane.SESSIONS)
_URGENT, _LETTING = Rule(Lane.SECURITY), Rule(Lane.SECURITY, letting=True)
_CLOSING = Rule(Lane.SECURITY, closing_marks=True)

RULES: Mapping[Kind, Rule] = MappingProxyType({
    Kind.USER: _LETTING,
    Kind.ROLE: _CLOSING,
    Kind.DISABLED: _CLOSING,
    Kind.BAN: _CLOSING,
    Kind.SIGN_OUT: _CLOSING,
    Kind.USERNAME: _IDENTITY,
    Kind.EMAIL: _IDENTITY,
    Kind.PROFILE: _IDENTITY,
    Kind.PASSWORD: _IDENTITY,
    Kind.PASSWORD_DUE: _CLOSING,
    Kind.FAILURES: _SESSIONS,
    Kind.DEVICE: _LETTING,
    Kind.DEVICE_PROFILE: _IDENTITY,
    Kind.HUB: _CLOSING,
    Kind.KEY: _URGENT,
    Kind.INVITATION: _LETTING,
    Kind.POLICY: _URGENT,
    Kind.REVIEW: _URGENT,
    Kind.NOTICE: _IDENTITY,
    Kind.SESSION: _SESSIONS,
    Kind.SESSION_END: _CLOSING,
    Kind.AUDIT: Rule(Lane.AUDIT),
})  # fmt: skip

_UNKNOWN = Rule(Lane.SECURITY, closing_marks=True)
"""A newer program's kind: in the first lane, since nobody here can tell how urgent it is."""

_BY_NAME: Mapping[str, Rule] = {kind.value: rule for kind, rule in RULES.items()}

_LANES = {kind.value: rule.lane for kind, rule in RULES.items()}
_FIRST = _UNKNOWN.lane

_KIND = re.compile(r"[a-z0-9_.]{1,32}")
KNOWN_NEEDS: frozenset[str] = frozenset()
"""The rules beyond these kinds' that this program understands; a cell that needs another closes its subject."""


def rule_of(kind: str) -> Rule:
    """The kind's rule; newer programs' kinds have one as well."""
    return _BY_NAME.get(kind, _UNKNOWN)


def lane_of(kind: str) -> Lane:
    """The lane in which the kind travels."""
    return _LANES.get(kind, _FIRST)


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
        marks=state.marks if rule_of(kind).closing_marks else (),
        cleared=START,
        own=(),
        counts=tuple(replace(each, cleared=0) for each in state.counts),
        secret=None,
        rest={},
    )
