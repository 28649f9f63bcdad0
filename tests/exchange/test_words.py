"""What people are told of synchronisation: in words, whatever the facts."""

import inspect
import re
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, SECOND
from rex_auth_edge.exchange.oversight.notices import Notice
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.exchange.oversight.telling import to_owner
from rex_auth_edge.exchange.oversight.troubles import TROUBLES
from rex_auth_edge.exchange.oversight.words import ALONE, headline, sentences
from rex_auth_edge.exchange.trouble import Trouble
from rex_auth_edge.sync.bodies import Why
from rex_auth_edge.sync.cloud import ordering
from rex_auth_edge.sync.rules import keys, names, passwords, record, roles
from tests.sync.houses import NOAH, PlainHouse

_TOLD = re.compile(r"\b(?:refuse\(change, |tell=)([A-Z_]+)\b")
NOON = 1_795_953_720_000
"""2026-11-29 12:02 UTC."""


def status(**facts: Any) -> Status:
    """An enrolled hub's."""
    return Status(enrolled=True, cloud="https://cloud.example", **facts)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "Nothing waits; cloud not reached yet; not compared yet"),
        ({"waiting": (0, 1, 0, 0)}, "1 change waits; cloud not reached yet; not compared yet"),
        (
            {"waiting": (1, 1, 1, 0), "reached_at": NOON - 2 * DAY, "agreed_at": NOON - 2 * HOUR},
            "3 changes wait; cloud last reached 2 days ago; both agree as of 10:02 UTC",
        ),
        (
            {"reached_at": NOON - MINUTE, "agreed_at": NOON - DAY},
            "Nothing waits; cloud last reached 1 minute ago; both agree as of 2026-11-28 12:02 UTC",
        ),
        (
            {"reached_at": NOON + HOUR, "agreed_at": NOON},
            "Nothing waits; cloud last reached just now; both agree as of 12:02 UTC",
        ),
    ],
)
def test_one_line_says_where_things_stand(facts: dict[str, Any], said: str) -> None:
    """What waits, how long the cloud has been silent, and as of when both were the same; also after a clock was set."""
    assert headline(status(**facts), NOON) == said


def test_a_household_that_is_shared_with_nobody() -> None:
    """It is said, with how to share it."""
    alone = Status(enrolled=False)
    assert headline(alone, NOON) == ALONE
    assert "sync enroll" in sentences(alone, NOON)[0]


def test_nothing_more_is_said_where_all_is_well() -> None:
    """A hub that has agreed with the cloud a minute ago has nothing to tell."""
    assert sentences(status(reached_at=NOON - MINUTE, agreed_at=NOON - MINUTE), NOON) == []


@pytest.mark.parametrize(
    ("facts", "part"),
    [
        ({"paused": True}, "is paused here"),
        ({"paused": True, "paused_at": NOON - 3 * DAY}, "was paused 3 days ago here, and what is done waits"),
        ({"removed": True}, "removed this hub"),
        ({"locked": True}, "two copies"),
        ({"locked": True, "trouble": "proof"}, "this one is over"),
        ({"hubs": 1, "outdated": True}, "update that hub"),
        ({"hubs": 1, "ahead": True}, "operator has to update"),
        ({"restored": True}, "restore"),
        ({"trouble": "unreachable", "retry_at": NOON + 90 * SECOND}, "next attempt is in 1 minute."),
        ({"trouble": "new_code"}, "(new_code)"),
        ({"reached_at": NOON - 151 * DAY}, "once it has heard nothing for 180 days"),
        ({"reached_at": NOON - 200 * DAY}, "heard nothing for over 180 days"),
        ({"hubs": 2, "silent_since": NOON - 151 * DAY}, "hasn't been heard for 151 days"),
        ({"hubs": 2, "silent_since": NOON - 200 * DAY}, "this cloud takes from it only what closes doors"),
        ({"waiting": (1, 0, 0, 0)}, "1 change may end or bar something"),
        ({"reviews": 1}, "1 change is held for an owner"),
        ({"reviews": 2}, "2 changes are held for an owner"),
        ({"reading": True}, "still reading"),
        ({"repairs": 2}, "2 differences were found"),
    ],
)
def test_what_needs_somebody_is_said(facts: dict[str, Any], part: str) -> None:
    """Each of these has one sentence of its own."""
    (told,) = sentences(status(**facts), NOON)
    assert part in told


def test_what_stops_everything_comes_first_and_hides_what_follows_from_it() -> None:
    """A hub that was removed isn't told besides that the cloud refuses it."""
    removed = sentences(status(removed=True, trouble="removed", reviews=1), NOON)
    assert ["removed this hub" in removed[0], len(removed)] == [True, 2]


TIMES = some.none() | some.integers(0, 4_102_444_800_000)
STATUSES = some.builds(
    Status,
    enrolled=some.sampled_from([True]),
    waiting=some.tuples(*[some.integers(0, 200_000)] * 4),
    reached_at=TIMES,
    agreed_at=TIMES,
    trouble=some.none() | some.sampled_from([*TROUBLES, "other"]),
    retry_at=TIMES,
    paused_at=TIMES,
    **{name: some.booleans() for name in ("paused", "locked", "removed", "restored", "reading")},
    **{name: some.integers(0, 3) for name in ("reviews", "repairs")},
)

_CLUMSY = re.compile(r"\b1 \w+s\b|\b(?:[02-9]|\d\d+) (?:change|day|hour|minute|second|difference)\b| -\d|  ")


@given(STATUSES, some.integers(0, 4_102_444_800_000))
def test_whatever_the_facts_they_make_sentences(facts: Status, now: int) -> None:
    """Numbers agree with their words, each sentence ends, none is said twice, and one that holds all back leads."""
    told = sentences(facts, now)
    for each in [headline(facts, now) + ".", *told]:
        assert re.fullmatch(r"[A-Z1-9].*[.?]", each)
        assert not _CLUMSY.search(each)
    assert len(set(told)) == len(told)
    stopped = facts.removed or facts.locked or facts.restored or facts.paused
    assert not stopped or re.search("removed|copies|restore|paused", told[0])


@pytest.mark.parametrize("rules", [keys, names, ordering, passwords, record, roles])
def test_owners_read_no_codes(rules: ModuleType) -> None:
    """Whatever a rule refuses, or tells of, there are words for it."""
    codes = {getattr(rules, name) for name in _TOLD.findall(inspect.getsource(rules))}
    assert codes
    for code in codes:
        assert code not in to_owner(Notice(NOAH, NOAH, code), PlainHouse())


def test_every_trouble_has_words() -> None:
    """Whatever a round can end with, people are told in a sentence; that something has moved meanwhile ends none."""
    assert TROUBLES.keys() == {*Trouble, *Why} - {Why.MOVED}
