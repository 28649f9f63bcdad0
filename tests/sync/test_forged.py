"""A stolen hub's key signs whatever its thief likes: nothing that isn't that hub's own to say gets in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rex_auth_edge.sync.bodies import MOST_CHANGES, Change, Head, Push, Pushed, Refusal
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.answer import Occasion, answer
from rex_auth_edge.sync.cloud.store import Standing
from rex_auth_edge.sync.digest import link
from rex_auth_edge.sync.kinds import Kind, lane_of
from rex_auth_edge.sync.order import NOTHING, Position, Seen, Tag, unsent
from rex_auth_edge.sync.outcome import Outcome
from rex_auth_edge.sync.own import tags_of
from rex_auth_edge.sync.state import Cell, Count, Held, Mark, Own, Reset, Rung, Secret, State
from rex_auth_edge.sync.wire import decode, encode, name_of, pack_state
from tests.sync.houses import CLOUD, HUB_A, MAYA, NOAH, PlainHouse, Writer
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
        return store, answer(Occasion(store, CLOUD, 0, b"fresh", b"key"), HUB_A, b"key", encode(push))


def claims(state: State) -> list[Position]:
    """Wherever it says that it is, or how far its writer has seen."""
    rung = [state.rung.at, state.rung.seen] if state.rung else []
    secret = [state.secret.at, state.secret.reset] if state.secret else []
    many: list[Any] = [*state.fields.values(), *state.marks, *state.resets]
    return [state.cleared, *rung, *secret, *(each.at for each in many)]


@settings(max_examples=150, deadline=None)
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


OWN, LATER, ELSE = Tag(HUB_A, 1, 1), Tag(HUB_A, 1, 99), Tag(HUB_A, 2, 1)
NOW, AHEAD = unsent(1), Position(1, 99)


@pytest.mark.parametrize(
    "state",
    [
        State(fields={"a": Held(AHEAD, OWN, 1)}),
        State(fields={"a": Held(NOW, ELSE, 1)}),
        State(marks=(Mark(LATER, NOW, 1),)),
        State(marks=(Mark(OWN, unsent(99), 1),)),
        State(marks=(Mark(OWN, HERE, 1),)),
        State(rung=Rung(1, NOW, OWN, AHEAD)),
        State(rung=Rung(1, HERE, OWN, HERE)),
        State(secret=Secret(AHEAD, NOW, OWN, b"")),
        State(secret=Secret(unsent(99), NOW, OWN, b"")),
        State(secret=Secret(HERE, HERE, OWN, b"")),
        State(resets=(Reset(OWN, HERE),)),
        State(cleared=AHEAD),
        State(own=(Own(b"B" * 16, 1, 1),)),
        State(counts=(Count("d", HUB_A, 2, 1),)),
        State(counts=(Count("d", b"B" * 16, 1, 1),)),
        State(version=1),
    ],
)
def test_each_false_claim_alone_is_refused(state: State) -> None:
    """And a like one that is true isn't."""
    store, said = told(state, 5, NOTHING)
    assert decode(said, Refusal).code == "forged"
    assert store.rows(lane_of(KIND)) == []
    _, said = told(State(fields={"a": Held(HERE, OWN, 1)}, rung=Rung(1, NOW, OWN, HERE), cleared=HERE), 5, NOTHING)
    assert name_of(said) == Pushed.__name__


def in_part(**changed: Any) -> bytes:
    """What the cloud answers to a push of two changes that is as it should be but for this."""
    store, lane = MemoryCloud(), lane_of(KIND)
    changes = tuple(
        Change(changed.get("kind", KIND), n.to_bytes(16), n, NOTHING, b"\x80") for n in changed.get("of", (1, 2))
    )
    after, upto = changed.get("after", Head()), changed.get("upto", 2)
    end = changed.get("end") or link(after, lane, upto, changes)
    push = Push(b"nonce", changed.get("incarnation", 1), changed.get("epoch", 1), lane, after, end, changes)
    with store.disk.transaction():
        store.put_standing(Standing(HERE, {1: NOTHING[0]}))
        keeping.enrol(store, HUB_A, b"key", b"nonce", 0)
        said = answer(Occasion(store, CLOUD, 0, b"fresh", b"key"), HUB_A, b"key", encode(push))
    assert name_of(said) == Pushed.__name__ or store.standing().at == HERE
    return said


def test_a_batch_that_is_as_it_should_be_is_taken() -> None:
    """So that the ones below are refused for what is wrong with them."""
    assert name_of(in_part()) == Pushed.__name__
    assert name_of(in_part(of=(2,))) == Pushed.__name__


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"incarnation": 2}, "greet"),
        ({"epoch": 2}, "greet"),
        ({"after": Head(1, b"h")}, "greet"),
        ({"of": (2, 1)}, "forged"),
        ({"of": (1, 1)}, "forged"),
        ({"of": (0, 1)}, "forged"),
        ({"upto": 1}, "forged"),
        ({"end": Head(2, b"h")}, "forged"),
        ({"kind": Kind.AUDIT}, "forged"),
        ({"of": tuple(range(1, MOST_CHANGES + 2)), "upto": MOST_CHANGES + 1}, "forged"),
    ],
)
def test_a_batch_that_does_not_go_on_from_the_last_is_refused(wrong: dict[str, Any], code: str) -> None:
    """Another incarnation's or epoch's, from elsewhere, out of order, of another lane, or whose end isn't its own."""
    assert decode(in_part(**wrong), Refusal).code == code


def test_a_password_that_is_known_does_not_become_another() -> None:
    """Told again by the tag that it has, with another hash, it is refused: nobody would have heard of it."""
    house, hub = PlainHouse(), Writer(HUB_A)
    first = hub.password(NOAH, b"one")
    house.take(first)
    hub.seen = house.all_seen()
    assert first.state.secret is not None
    forged = replace(first.state.secret, verifier=b"a thief's")
    hub.number += 1
    verdict = house.take(hub.change(Kind.PASSWORD, NOAH, Tag(HUB_A, 1, hub.number), State(secret=forged)))
    secret = house.state(first.cell).secret
    assert verdict.outcome is Outcome.REFUSED
    assert secret is not None
    assert secret.verifier == b"one"
