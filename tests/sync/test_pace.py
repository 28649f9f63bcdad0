"""Waiting longer after each failure, never in step with others, as long as one is told to, and asking for less."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.sync.bodies import MOST_CHANGES
from rex_auth_edge.sync.hub.pace import LONGEST, SHORTEST, Pace, told_to_wait
from tests.doubles import SeededEntropy


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 2000), st.integers(0, 2 * DAY), st.integers(0, 1 << 30))
def test_a_wait_is_never_shorter_than_told_nor_longer_than_it_may_be(failures: int, told: int, seed: int) -> None:
    """At most the ceiling more than what was told, and that is obeyed up to a day."""
    pace = Pace(failures)
    waited = pace.wait(SeededEntropy(seed), told)
    assert min(told, DAY) <= waited <= min(told, DAY) + LONGEST


def test_the_ceiling_doubles_from_a_quarter_of_a_second_to_a_quarter_of_an_hour() -> None:
    """And the whole room below it is used, so that hubs that failed together don't come back together."""
    pace, entropy, longest = Pace(), SeededEntropy(1), []
    for _ in range(16):
        pace = pace.failed()
        waits = [pace.wait(entropy) for _ in range(400)]
        longest.append(max(waits))
        assert min(waits) < longest[-1] / 20
    for number, each in enumerate(longest):
        ceiling = min(LONGEST, SHORTEST * 2**number)
        assert ceiling * 0.95 < each <= ceiling
    assert (SHORTEST, longest[-1] <= 15 * MINUTE) == (250, True)


def test_a_success_ends_all_waiting() -> None:
    """The next request goes at once, however often the ones before have failed; unless the answer says when."""
    pace = Pace(40).succeeded()
    assert pace.wait(SeededEntropy(1)) == 0
    waits = {pace.wait(SeededEntropy(seed), 5000) for seed in range(50)}
    assert 5000 <= min(waits) < max(waits) <= 5000 + SHORTEST


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["succeeded", "failed", "too_large"]), max_size=40))
def test_a_batch_is_never_empty_and_never_too_many(said: list[str]) -> None:
    """It halves with each failure, grows with each success, and is whole again after enough of these."""
    pace = Pace()
    for each in said:
        before, pace = pace.most, getattr(pace, each)()
        assert 1 <= pace.most <= MOST_CHANGES
        assert pace.most > before or before == MOST_CHANGES if each == "succeeded" else pace.most == max(1, before // 2)
    for _ in range(30):
        pace = pace.succeeded()
    assert pace == Pace()


def test_what_is_too_large_is_asked_again_at_once_while_it_can_be_halved() -> None:
    """A single change that is too large is a failure like any other, after which one waits."""
    pace, halvings = Pace(), 0
    while pace.most > 1:
        pace, halvings = pace.too_large(), halvings + 1
        assert pace.wait(SeededEntropy(1)) == 0
    assert halvings == 8
    assert pace.too_large().failures == 1


@pytest.mark.parametrize(
    ("header", "date", "wanted"),
    [
        ("120", "", 120_000),
        (" 7 ", "", 7_000),
        ("99999999999999999999", "", DAY),
        ("Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:00 GMT", 59_000),
        ("Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 2099 23:59:00 GMT", 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", "", 0),
        ("-5", "", 0),
        ("soon", "later", 0),
        ("", "", 0),
        ("٣", "", 0),
    ],
)
def test_retry_after_is_read_without_a_clock(header: str, date: str, wanted: int) -> None:
    """Seconds, or a date that counts from the answer's own; what is neither asks for nothing."""
    assert told_to_wait(header, date) == wanted
