"""A stolen hub's key signs whatever its thief likes: nothing that isn't that hub's own to say gets in."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.answer import Desk, answer
from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.order import NOTHING, Position, Seen
from rex_auth_edge.sync.own import tags_of
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.store import Standing
from rex_auth_edge.sync.wire import Change, Head, Push, Refusal, decode, encode, link, name_of, pack_state
from tests.sync.houses import CLOUD, HUB_A, MAYA
from tests.sync.memory import MemoryCloud
from tests.sync.states import states

KIND = "user.newer"
"""A kind without a rule: what is taken of it is in the cell as it came."""
HERE = Position(1, 2)
TO_COME: Seen = (Position(1, 99), *NOTHING[1:])

single = st.builds(
    lambda state, name: State(**{name: getattr(state, name)}), states, st.sampled_from(State.__struct_fields__)
)
"""One part alone, so that nothing else gives it away."""


def told(state: State, number: int, seen: Seen) -> tuple[MemoryCloud, bytes]:
    """A cloud that has got this change from the hub, and what it answered."""
    store, lane = MemoryCloud(), lane_of(KIND)
    changes = (Change(KIND, MAYA, number, seen, pack_state(state)),)
    push = Push(b"nonce", 1, 1, lane, Head(), link(Head(), lane, number, changes), changes)
    with store.disk.transaction():
        store.put_standing(Standing(HERE, {1: NOTHING[0]}))
        keeping.enrol(store, HUB_A, b"key", b"nonce", 0)
        return store, answer(Desk(store, CLOUD, 0, b"fresh"), HUB_A, b"key", encode(push))


def claims(state: State) -> list[Position]:
    """Wherever it says that it is, or how far its writer has seen."""
    rung = [state.rung.at, state.rung.seen] if state.rung else []
    secret = [state.secret.at, state.secret.reset] if state.secret else []
    many: list[Any] = [*state.fields.values(), *state.marks, *state.resets]
    return [state.cleared, *rung, *secret, *(each.at for each in many)]


@settings(max_examples=300, deadline=None)
@given(states | single, st.integers(1, 5), st.sampled_from([NOTHING, TO_COME]))
def test_what_is_taken_is_its_hubs_own(state: State, number: int, seen: Seen) -> None:
    """What it says in another's name, of places that nobody gave, or of what is still to come, isn't taken at all."""
    store, said = told(state, number, seen)
    if name_of(said) == Refusal.__name__:
        assert decode(said, Refusal).code == "forged"
        assert store.rows(lane_of(KIND)) == []
        return
    taken, at = store.state(Cell(KIND, MAYA)), store.standing().at
    assert seen == NOTHING
    assert all(tag[:2] == (HUB_A, 1) and tag.number <= number for tag in tags_of(taken))
    assert all((each.origin, each.incarnation) == (HUB_A, 1) for each in taken.counts if each.total)
    assert all(each.origin == HUB_A for each in taken.own)
    assert max(claims(taken)) <= at
    assert taken.version == 0
