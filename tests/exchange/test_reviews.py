"""What is held back, and what is told: decided by owners, through the rules that hold for everybody."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import pytest

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.exchange.oversight import notices, reviews, telling
from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.house import RESTORED, field, is_in, password_of, revoked, role_of
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, PENDING, REVOKED, Kind
from rex_auth_edge.sync.order import NOTHING, START, Position, Seen, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.passwords import BEFORE_JOINING, REPLACED
from rex_auth_edge.sync.state import Cell, Incoming, State
from rex_auth_edge.sync.wire import pack_state
from tests.sync.houses import CLOUD, HUB_A, HUB_B, LEO, MAYA, NOAH
from tests.sync.memory import MemoryCloud

NUMBERS = count(1)


class Hand:
    """A scribe at one end of a line that is always there: what a hub writes has its place at once."""

    def __init__(self, house: MemoryCloud, node: bytes) -> None:
        self.house, self.node = house, node
        self.seen: Seen | None = None
        self.refresh = START
        self._ordering = Ordering(house, CLOUD, 0, b"key")
        self._at = START
        self._pen = Pen(Tag(node, 1, 0), NOTHING)

    def prepare(self, cells: Iterable[Cell]) -> None:
        """Nothing to do: they are in memory."""

    def pen(self) -> Pen:
        """For the next change."""
        if self.node == CLOUD:
            self._at = self._ordering.next()
            self._pen = Pen(self._ordering.tag(self._at), (self._at,) * 4, self._at)
        else:
            self._pen = Pen(Tag(self.node, 1, next(NUMBERS)), self.seen or (self.house.standing().at,) * 4)
        return self._pen

    def write(self, cell: Cell, state: State, actor: bytes | None = None) -> None:
        """Have it decided."""
        if self.node == CLOUD:
            self._ordering.own(cell, state, self._at, actor)
        else:
            self._ordering.take(Incoming(cell, self._pen.tag, self._pen.seen, state, actor), self.refresh)

    def do(self, kind: str, subject: bytes, make: Callable[[Pen], State], actor: bytes | None = None) -> None:
        """One change."""
        self.write(Cell(kind, subject), make(self.pen()), actor)


@pytest.fixture
def house() -> Iterator[MemoryCloud]:
    """Maya's household, with Noah and Leo, adults, and two hubs."""
    made = MemoryCloud()
    with made.disk.transaction():
        _begin(made)
        yield made


def _begin(made: MemoryCloud) -> None:
    hub = Hand(made, HUB_A)
    for user, name, role in ((MAYA, "maya", "owner"), (NOAH, "noah", "adult"), (LEO, "leo", "adult")):
        hub.do(Kind.USER, user, lambda pen: pen.climb())
        hub.do(Kind.USERNAME, user, lambda pen, name=name: pen.put(username=name, key=name))  # type: ignore[misc]
        hub.do(Kind.ROLE, user, lambda pen, role=role: pen.role(role))  # type: ignore[misc]
    for each in (HUB_A, HUB_B):
        hub.do(Kind.HUB, each, lambda pen: pen.climb())
    for notice in notices.for_owners(made, CLOUD):  # that a hub has made Maya an owner
        notices.clear(Hand(made, CLOUD), notice.id, MAYA)


def held(house: MemoryCloud) -> reviews.Review:
    """The only change that waits."""
    (found,) = reviews.waiting(house)
    return found


def late(house: MemoryCloud) -> Hand:
    """A hub that has been away for too long."""
    made = Hand(house, HUB_B)
    made.seen, made.refresh = NOTHING, Position(1, 1)
    return made


def test_a_grant_in_the_cloud_waits_until_an_owner_at_home_confirms_it(house: MemoryCloud) -> None:
    """It is no use to confirm it in the cloud; at home it holds, as that owner's, and waits no longer."""
    cloud, hub = Hand(house, CLOUD), Hand(house, HUB_A)
    cloud.do(Kind.ROLE, NOAH, lambda pen: pen.role("owner", MAYA), MAYA)
    waits = held(house)
    assert (telling.what(waits, house), waits.actor) == ("Make noah owner", MAYA)
    assert "waits for an owner at home" in telling.why(waits)
    assert reviews.confirm(cloud, waits.id, MAYA) == reviews.AT_HOME
    assert (role_of(house, NOAH), held(house)) == ("adult", waits)
    assert reviews.confirm(hub, waits.id, MAYA) == Cell(Kind.ROLE, NOAH)
    assert (role_of(house, NOAH), reviews.waiting(house)) == ("owner", [])
    assert house.state(Cell(Kind.ROLE, NOAH)).marks[0].actor == MAYA
    assert reviews.confirm(hub, waits.id, MAYA) == reviews.NO_REVIEW


def test_where_the_policy_lets_grants_stand_the_cloud_confirms_too(house: MemoryCloud) -> None:
    """Then nothing of the kind waits, and what waited before can be confirmed anywhere."""
    cloud, hub = Hand(house, CLOUD), Hand(house, HUB_A)
    cloud.do(Kind.ROLE, NOAH, lambda pen: pen.role("owner", MAYA), MAYA)
    hub.do(Kind.POLICY, HOUSEHOLD, lambda pen: pen.put(cloud_grants="stand"), MAYA)
    assert reviews.confirm(cloud, held(house).id, MAYA) == Cell(Kind.ROLE, NOAH)
    assert role_of(house, NOAH) == "owner"


def test_dismissed_it_never_comes_back(house: MemoryCloud) -> None:
    """Nothing is changed; whoever still wants to confirm it is told that there is no such change."""
    cloud, hub = Hand(house, CLOUD), Hand(house, HUB_A)
    cloud.do(Kind.ROLE, NOAH, lambda pen: pen.role("owner", MAYA), MAYA)
    waits = held(house)
    assert reviews.dismiss(cloud, waits.id, MAYA) is None
    assert reviews.waiting(house) == []
    assert reviews.confirm(hub, waits.id, MAYA) == reviews.NO_REVIEW == reviews.dismiss(hub, waits.id, MAYA)
    assert role_of(house, NOAH) == "adult"


LATE: list[tuple[str, bytes, Callable[[Pen], State], str, Callable[[MemoryCloud], Any], Any]] = [
    (Kind.USERNAME, NOAH, lambda pen: pen.put(username="nono"), "Change username of noah: username nono",
     lambda house: field(house, Cell(Kind.USERNAME, NOAH), "username"), "nono"),
    (Kind.DISABLED, LEO, lambda _: State(cleared=Position(1, 99)), "Let leo sign in again",
     lambda house: is_in(house, LEO), True),
    (Kind.POLICY, HOUSEHOLD, lambda pen: pen.put(voice=False), "Change the household's rules: voice",
     lambda house: field(house, Cell(Kind.POLICY, HOUSEHOLD), "voice"), False),
    (Kind.DEVICE, b"lamp" * 4, lambda pen: pen.climb(ACTIVE, kind="lamp"), "Let a device in: somebody unknown",
     lambda house: house.state(Cell(Kind.DEVICE, b"lamp" * 4)).rung.step, ACTIVE),  # type: ignore[union-attr]
]  # fmt: skip


@pytest.mark.parametrize(("kind", "subject", "make", "said", "look", "then"), LATE)
def test_what_came_too_late_is_done_once_an_owner_confirms_it(
    house: MemoryCloud, kind: str, subject: bytes, make: Callable[[Pen], State], said: str, look: Any, then: Any
) -> None:
    """Until then nothing of it holds, though the hub may not even be there any more."""
    Hand(house, HUB_A).do(Kind.DISABLED, LEO, lambda pen: pen.mark("disabled"))
    Hand(house, HUB_A).do(Kind.DEVICE, b"lamp" * 4, lambda pen: pen.climb(PENDING))
    before = look(house)
    late(house).do(kind, subject, make)
    assert look(house) == before != then
    assert telling.what(held(house), house).startswith(said)
    assert reviews.confirm(Hand(house, CLOUD), held(house).id, MAYA) == Cell(kind, subject)
    assert look(house) == then
    assert reviews.waiting(house) == []


def test_nobody_sets_a_persons_password_for_them(house: MemoryCloud) -> None:
    """A password that came too late, after another one, can be dismissed alone."""
    Hand(house, HUB_A).do(Kind.PASSWORD, NOAH, lambda pen: pen.password(b"another"))
    before = password_of(house, NOAH)
    late(house).do(Kind.PASSWORD, NOAH, lambda pen: pen.password(b"hash"))
    assert telling.what(held(house), house) == "Set another password for noah"
    assert reviews.confirm(Hand(house, HUB_A), held(house).id, MAYA) == reviews.ONLY_DISMISSED
    assert password_of(house, NOAH) == before
    assert reviews.dismiss(Hand(house, HUB_A), held(house).id, MAYA) is None


def test_nothing_waits_about_who_was_removed(house: MemoryCloud) -> None:
    """No owner has to dismiss it: it ends with them in the cloud, and on a hub it isn't shown from then on.

    What comes too late about them waits for nobody, either; what is about others does.
    """
    hub, there = Hand(house, HUB_A), late(house)
    there.do(Kind.USERNAME, NOAH, lambda pen: pen.put(username="nono"))
    there.do(Kind.USERNAME, LEO, lambda pen: pen.put(username="leon"))
    about_noah, about_leo = (each.id for each in reviews.waiting(house))
    hub.do(Kind.REVIEW, bytes(16), lambda pen: pen.climb(PENDING, kind=5, id=NOAH))
    hub.do(Kind.USER, NOAH, lambda pen: pen.climb(REVOKED))
    there.do(Kind.PROFILE, NOAH, lambda pen: pen.put(first_name="No"))
    assert revoked(house, Kind.REVIEW, about_noah)
    assert held(house).id == about_leo
    house.put_row(Row(Kind.USER, LEO, house.standing().at, pack_state(hub.pen().climb(REVOKED))))
    assert not revoked(house, Kind.REVIEW, about_leo)
    assert reviews.waiting(house) == []
    assert reviews.confirm(hub, about_leo, MAYA) == reviews.NO_REVIEW


def test_what_a_newer_program_wrote_is_only_dismissed(house: MemoryCloud) -> None:
    """This one can't tell what it would do."""
    late(house).do(Kind.PROFILE, NOAH, lambda pen: State(fields=pen.put(voice="x").fields, rest={"new": 1}))
    assert reviews.confirm(Hand(house, HUB_A), held(house).id, MAYA) == reviews.ONLY_DISMISSED


def test_a_renamed_person_is_told_and_so_are_owners(house: MemoryCloud) -> None:
    """With the new name; nobody else is. The person's look hides it from them, an owner's from all."""
    hub = Hand(house, HUB_A)
    hub.do(Kind.USERNAME, LEO, lambda pen: pen.put(username="noah"))
    (told,) = notices.for_owners(house, CLOUD)
    assert (told.about, told.code) == (LEO, "username_taken")
    name = field(house, Cell(Kind.USERNAME, LEO), "username")
    assert f"Somebody has chosen a username that was taken elsewhere meanwhile: they sign in as {name} now." == (
        telling.to_owner(told, house)
    )
    assert name in telling.to_person(told, house)
    assert notices.for_person(house, NOAH, CLOUD) == []
    assert notices.for_person(house, LEO, CLOUD) == [told]
    assert isinstance(notices.read(hub, told.id, NOAH), Refused)
    assert notices.read(hub, told.id, LEO) is None
    assert (notices.for_person(house, LEO, CLOUD), notices.for_owners(house, CLOUD)) == ([], [told])
    assert notices.clear(hub, told.id, MAYA) is None
    assert notices.for_owners(house, CLOUD) == []
    assert notices.clear(hub, told.id, MAYA) == notices.NO_NOTICE


def test_a_password_set_in_two_places_is_told(house: MemoryCloud) -> None:
    """To the person, with what to do about it."""
    one, other = Hand(house, HUB_A), Hand(house, HUB_B)
    other.seen = (house.standing().at,) * 4
    one.do(Kind.PASSWORD, NOAH, lambda pen: pen.password(b"one"))
    other.do(Kind.PASSWORD, NOAH, lambda pen: pen.password(b"two"))
    (told,) = [each for each in notices.for_person(house, NOAH, CLOUD) if each.code == REPLACED]
    assert "choose another password" in telling.to_person(told, house)
    assert "password of noah" in telling.to_owner(told, house)


def test_what_waits_for_owners_is_no_notice_of_theirs(house: MemoryCloud) -> None:
    """They find it among the changes that wait; whose role it is about is told."""
    Hand(house, CLOUD).do(Kind.ROLE, NOAH, lambda pen: pen.role("owner", MAYA), MAYA)
    assert notices.for_owners(house, CLOUD) == []
    (told,) = notices.for_person(house, NOAH, CLOUD)
    assert "waits until an owner at home" in telling.to_person(told, house)


def test_a_hub_that_was_put_back_is_called_by_its_name(house: MemoryCloud) -> None:
    """Owners are asked to look at what it vouches for, in words of their own."""
    hub = Hand(house, HUB_A)
    Hand(house, CLOUD).do(Kind.HUB, HUB_A, lambda pen: pen.climb(ACTIVE, name="hub.home"))
    state = pack_state(State())
    told: dict[str, Any] = {"kind": Kind.HUB.value, "id": HUB_A, "state": state, "why": RESTORED}
    hub.do(Kind.REVIEW, b"a review of it..", lambda pen: pen.climb(PENDING, **told))
    assert telling.what(held(house), house) == "Go on with the hub hub.home"
    assert "put back from a backup" in telling.why(held(house))


def test_a_hub_that_was_put_back_is_confirmed(house: MemoryCloud) -> None:
    """Once an owner has looked, who asks to look no more; the household is as it was."""
    hub, state = Hand(house, HUB_A), pack_state(State())
    told: dict[str, Any] = {"kind": Kind.HUB.value, "id": HUB_A, "state": state, "why": RESTORED}
    Hand(house, CLOUD).do(Kind.HUB, HUB_A, lambda pen: pen.climb(ACTIVE, name="hub.home"))
    hub.do(Kind.REVIEW, b"a review of it..", lambda pen: pen.climb(PENDING, **told))
    before = house.state(Cell(Kind.HUB, HUB_A))
    assert reviews.confirm(hub, held(house).id, MAYA) == Cell(Kind.HUB, HUB_A)
    assert (reviews.waiting(house), house.state(Cell(Kind.HUB, HUB_A))) == ([], before)


def codes(house: MemoryCloud, user: bytes) -> list[str]:
    """Of what the person is told."""
    return [each.code for each in notices.for_person(house, user, CLOUD)]


def test_only_what_a_hub_has_changed_is_told_as_such(house: MemoryCloud) -> None:
    """Not a first address, the same said again, an owner who was one, nor a password that wasn't taken."""
    hub, joining = Hand(house, HUB_A), Hand(house, HUB_B)
    for _ in range(2):
        hub.do(Kind.EMAIL, NOAH, lambda pen: pen.put(address="noah@example.com", proven=True))
    hub.do(Kind.ROLE, MAYA, lambda pen: pen.role("owner", MAYA), MAYA)
    hub.do(Kind.PASSWORD, NOAH, lambda pen: pen.password(b"one"))
    hub.write(Cell(Kind.PASSWORD, NOAH), hub._pen.password(b"one"))
    joining.seen = NOTHING
    joining.do(Kind.PASSWORD, NOAH, lambda pen: pen.password(b"two"))
    assert (codes(house, NOAH), codes(house, MAYA)) == ([BEFORE_JOINING], [])
    hub.do(Kind.EMAIL, NOAH, lambda pen: pen.put(address="n@example.com", proven=True))
    hub.do(Kind.PASSWORD, NOAH, lambda pen: pen.password(b"three"))
    hub.do(Kind.ROLE, NOAH, lambda pen: pen.role("owner", MAYA), MAYA)
    assert codes(house, NOAH)[1:] == ["address_by_hub", "password_by_hub", "owner_by_hub"]
