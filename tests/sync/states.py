"""Any state that could come, and any sequence of changes, for tests that hold for all of them."""

from collections.abc import Iterable

from hypothesis import strategies as st

from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import Position, Tag, unsent
from rex_auth_edge.sync.state import EMPTY, Count, Held, Mark, Own, Reset, Rung, Secret, State

small = st.integers(0, 4)
origins = st.sampled_from([b"A" * 16, b"B" * 16])
tags = st.builds(Tag, origins, st.integers(1, 2), small)
places = st.builds(Position, st.integers(0, 2), small) | st.builds(unsent, small)
ordered = st.builds(Position, st.integers(0, 2), small)
values = st.none() | st.booleans() | small | st.text(max_size=3) | st.binary(max_size=3) | st.lists(small, max_size=2)
names = st.sampled_from(["username", "key", "phone"])
people = st.none() | origins


states = st.builds(
    State,
    rung=st.none() | st.builds(Rung, st.integers(0, 2), places, tags, ordered, people),
    fields=st.dictionaries(names, st.builds(Held, places, tags, values), max_size=3),
    marks=st.lists(st.builds(Mark, tags, places, values, people), max_size=3).map(tuple),
    cleared=ordered,
    own=st.lists(st.builds(Own, origins, st.integers(1, 2), small), max_size=2).map(tuple),
    counts=st.lists(st.builds(Count, st.sampled_from(["d", "e"]), origins, small, small, small), max_size=3).map(tuple),
    secret=st.none() | st.builds(Secret, places, places, tags, st.none() | st.binary(max_size=2), st.booleans()),
    resets=st.lists(st.builds(Reset, tags, places), max_size=2).map(tuple),
    version=small,
    needs=st.lists(st.sampled_from(["x", "y"]), max_size=2, unique=True).map(tuple),
    rest=st.dictionaries(st.sampled_from(["newer", "newest"]), values, max_size=2),
)
normal = states.map(lambda state: join(EMPTY, state))
"""As a cell can be: what is lifted by itself is gone."""


def join_all(states: Iterable[State]) -> State:
    """What all say together."""
    whole = EMPTY
    for state in states:
        whole = join(whole, state)
    return whole
