"""Joining: the order, the number and the grouping in which changes come make no difference, and no clock takes part."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from rex_auth_edge.sync.merge import join, placed
from rex_auth_edge.sync.order import Position, is_unsent
from rex_auth_edge.sync.state import State
from rex_auth_edge.sync.wire import pack_state
from tests.sync.states import join_all, normal


@settings(max_examples=60, deadline=None)
@given(normal, normal, normal)
def test_joining_is_commutative_associative_and_idempotent(one: State, two: State, three: State) -> None:
    """Ladders, sets, counters, sessions, passwords and whatever is newer: to the byte."""
    assert pack_state(join(one, two)) == pack_state(join(two, one))
    assert pack_state(join(join(one, two), three)) == pack_state(join(one, join(two, three)))
    assert pack_state(join(one, one)) == pack_state(one)
    assert pack_state(join(join(one, two), one)) == pack_state(join(one, two))


@settings(max_examples=40, deadline=None)
@given(st.lists(normal, min_size=1, max_size=4))
def test_the_same_changes_end_in_the_same_bytes(changes: list[State]) -> None:
    """However they are delivered, and however often."""
    ends = {pack_state(join_all([*order, *order[:2]])) for order in permutations(changes)}
    assert len(ends) == 1


@settings(max_examples=50, deadline=None)
@given(normal)
def test_nothing_stays_without_a_place(state: State) -> None:
    """Once the cloud has given a change its place, nothing in it waits for one."""
    there = placed(state, Position(3, 1))
    held, marks = there.fields.values(), there.marks
    assert not any(is_unsent(at) for at in [*(each.at for each in held), *(each.at for each in marks)])
    assert not any(is_unsent(each.at) for each in there.resets)
    assert there.rung is None or not is_unsent(there.rung.at)
    assert there.secret is None or not (is_unsent(there.secret.at) or is_unsent(there.secret.reset))
