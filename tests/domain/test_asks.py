"""What can become of an ask: in any order of events it goes only forward, and ends once."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.asks import AskState, IllegalMoveError, Way, letters, unless_illegal, user_code
from tests.doubles import SeededEntropy

ENDS = {AskState.DENIED, AskState.MISSED, AskState.REDEEMED, AskState.WITHDRAWN}


@given(st.sampled_from(Way), st.lists(st.sampled_from(AskState), max_size=12))
def test_any_order(way: Way, wished: Sequence[AskState]) -> None:
    """Whatever is wished for: nothing leaves an end, comes back, or is redeemed without a yes or an owner's code."""
    past = [AskState.PENDING]
    for wish in wished:
        try:
            unless_illegal(way, past[-1], wish)
        except IllegalMoveError:
            continue
        assert past[-1] not in ENDS
        past.append(wish)
    assert len(set(past)) == len(past) <= 3
    if AskState.REDEEMED in past:
        assert past[-1] is AskState.REDEEMED
        assert past[-2] is (AskState.PENDING if way is Way.SCAN else AskState.APPROVED)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("end", sorted(ENDS))
def test_an_end_is_for_ever(way: Way, end: AskState) -> None:
    """Out of none of them leads a way."""
    for wish in AskState:
        with pytest.raises(IllegalMoveError):
            unless_illegal(way, end, wish)


@given(st.integers(0, 2**32), st.text(" -.\u2013", max_size=4), st.booleans())
def test_a_code_as_it_is_typed(seed: int, between: str, small: bool) -> None:  # noqa: FBT001 - hypothesis hands it in
    """Case, spaces, hyphens and stops between any of its letters change nothing."""
    code = user_code(SeededEntropy(seed))
    typed = between.join(code.lower() if small else code)
    assert letters(typed) == letters(code)
    assert len(letters(code)) == 8
