"""The verdict on a change, in words and in states."""

from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.sync.state import EMPTY, Cell, Incoming, State


class Outcome(StrEnum):
    """What became of a change."""

    TAKEN = "taken"
    HELD = "held"
    REFUSED = "refused"
    STALE = "stale"


_TAKEN = Outcome.TAKEN


class Then(StrEnum):
    """What has to happen elsewhere because of a change."""

    SIGN_OUT = "sign_out"
    UNSET_EMAIL = "unset_email"
    WITHHOLD = "withhold"
    REVOKE = "revoke"
    LOWER = "lower"
    RENEW_PASSWORD = "renew_password"  # noqa: S105 - an act's name
    PUT = "put"
    RESTORE = "restore"


class Follow(Struct, frozen=True):
    """One such consequence, and the cell that it is about.

    `what` are the fields to put with their values; or what to have there once more, in place of marks up to `cleared`.
    """

    then: Then
    cell: Cell
    what: Any = None


class Notice(Struct, frozen=True):
    """What somebody is told: `about` whom or what, and a code; in `what` the parts that it is about, a word each."""

    about: bytes
    code: str
    what: tuple[str, ...] = ()


class Verdict(Struct, frozen=True, gc=False):
    """What a change adds once decided, what is shown for review instead, what follows, and who is told."""

    outcome: Outcome
    delta: State = EMPTY
    review: State = EMPTY
    follows: tuple[Follow, ...] = ()
    notices: tuple[Notice, ...] = ()


def take(change: Incoming, delta: State | None = None) -> Verdict:
    """As it is, or as the rule has made it."""
    return Verdict(_TAKEN, change.state if delta is None else delta)


def hold(change: Incoming, why: str) -> Verdict:
    """It adds nothing until an owner confirms it, who writes it anew."""
    return Verdict(Outcome.HELD, review=change.state, notices=(Notice(change.cell.id, why),))


def refuse(change: Incoming, why: str) -> Verdict:
    """It adds nothing."""
    return Verdict(Outcome.REFUSED, notices=(Notice(change.cell.id, why),))


def along(verdict: Verdict, *follow: Follow, tell: str = "", about: bytes = b"") -> Verdict:
    """The same with a consequence more, and somebody told."""
    notices = (*verdict.notices, Notice(about, tell)) if tell else verdict.notices
    return replace(verdict, follows=(*verdict.follows, *follow), notices=notices)
