"""Programs of other versions: what both speak is agreed on when they meet; else it is said who is behind."""

import zlib

import msgspec
import pytest
from msgspec import Struct

from rex_auth_edge.exchange.hub.rounds import _trouble
from rex_auth_edge.sync.bodies import Hello, Push, Refusal, Welcome
from rex_auth_edge.sync.cloud.greeting import spoken
from rex_auth_edge.sync.hub.asking import pull, sent
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.wire import WireError, decode, encode, name_of, opened
from tests.sync.by_hand import BAN, answers, asks, ban, calm, marks
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.world import World

BACK = Refusal("version", oldest=1, newest=1)


def written_in(version: int, body: Struct) -> bytes:
    """A body as a program of that version writes it."""
    return zlib.compress(msgspec.msgpack.encode((version, type(body).__name__, body)))


def asked(world: World, hub: HubMachine, raw: bytes) -> Struct:
    """What the cloud answers."""
    said = answers(world, hub, raw)
    assert said is not None
    return decode(said, {each.__name__: each for each in (Refusal, Welcome)}[name_of(said)])


def hello(hub: HubMachine, oldest: int, newest: int) -> Hello:
    """A hub's with a program of these versions."""
    me = hub.store.me()
    heads = tuple((head,) for head in me.heads)
    return Hello(me.nonce, me.incarnation, me.number, me.epoch, heads, oldest=oldest, newest=newest)


def test_a_later_body_is_answered_with_what_is_spoken_here() -> None:
    """It isn't taken for a damaged one, and nothing of it is done."""
    world = calm()
    hub = world.hubs[0]
    ban(hub, "one")
    request = decode(asks(hub), Push)
    assert asked(world, hub, written_in(2, request)) == BACK
    assert marks(world.cloud.store) == set()


def test_whoever_meets_agrees() -> None:
    """A hub that speaks more meets the cloud in any version, and is told which one both speak."""
    world = calm()
    hub = world.hubs[0]
    met = asked(world, hub, written_in(4, hello(hub, 1, 4)))
    assert isinstance(met, Welcome)
    assert met.version == 1


@pytest.mark.parametrize(("oldest", "newest", "state"), [(7, 9, "ahead"), (0, 0, "outdated")])
def test_the_cloud_knows_who_is_behind(oldest: int, newest: int, state: str) -> None:
    """A hub with which it has no version in common is refused, and its owners can see why; until it is another."""
    world = calm()
    hub = world.hubs[0]
    assert asked(world, hub, written_in(newest, hello(hub, oldest, newest))) == BACK
    member = world.cloud.store.member(hub.id)
    assert member is not None
    assert spoken(member) == state
    assert isinstance(asked(world, hub, encode(hello(hub, 1, 1))), Welcome)
    member = world.cloud.store.member(hub.id)
    assert member is not None
    assert spoken(member) == "active"


@pytest.mark.parametrize(("oldest", "newest", "said"), [(2, 3, "hub_older"), (0, 0, "cloud_older"), (1, 5, "greet")])
def test_a_hub_says_who_is_behind(oldest: int, newest: int, said: str) -> None:
    """By what the cloud speaks; where that is spoken here, too, they have to meet again."""
    assert _trouble(Refusal("version", oldest=oldest, newest=newest)) == said
    assert _trouble(Refusal("locked")) == "locked"


def test_what_was_refused_for_its_version_is_made_anew() -> None:
    """Once both speak one again nothing is lost or done twice, whatever was under way; refusals are read in any."""
    world = calm()
    hub = world.hubs[0]
    ban(hub, "one")
    raw = asks(hub)
    hub.hear(raw, written_in(9, Refusal("version", oldest=9, newest=9)))
    me = hub.store.me()
    assert (me.pending, me.greeted, me.stuck) == (b"", False, ())
    world.converge()
    assert marks(world.cloud.store) == {"one"}
    assert hub.view.state(BAN).marks


def test_questions_are_in_the_version_that_was_agreed_on() -> None:
    """And answers in that of the question; only who isn't of any version, as a refusal, can be read in all."""
    hub = calm().hubs[0]
    assert hub.store.me().version == opened(pull(hub.store, Lane.AUDIT)).version == 1
    ban(hub, "one")
    raw = asks(hub)
    assert sent(opened(raw)) is not None
    assert sent(opened(written_in(9, decode(raw, Push)))) is None
    request = decode(encode(hello(hub, 1, 1)), Hello)
    with pytest.raises(WireError):
        decode(written_in(9, request), Push)
