"""A hub that has just joined, and what it calls people whom the cloud knows."""

from rex_auth_edge.sync.house import field
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.outcome import Outcome
from rex_auth_edge.sync.state import Cell
from tests.sync.houses import HUB_B, LEO, MAYA, Writer, household

SAID = (
    (Kind.USERNAME, {"username": "maya", "key": "maya"}, {"username": "mum", "key": "mum"}),
    (
        Kind.EMAIL,
        {"address": "maya@example.com", "key": "maya@example.com", "proven": True},
        {"address": "mum@example.com", "key": "mum@example.com", "proven": True},
    ),
    (Kind.PROFILE, {"first_name": "Maya"}, {"first_name": "Mum"}),
)


def test_nobody_is_renamed_by_a_hub_that_has_seen_nothing() -> None:
    """Name, address and profile stay those of the cloud, and its next change counts like anybody's."""
    for kind, there, told in SAID:
        house, here = household()
        new, name = Writer(HUB_B), next(iter(there))
        house.take(here.put(kind, MAYA, **there))
        verdict = house.take(new.put(kind, MAYA, **told))
        assert (verdict.outcome, verdict.notices, verdict.follows) == (Outcome.REFUSED, (), ())
        assert field(house, Cell(kind, MAYA), name) == there[name]
        new.seen = house.all_seen()
        house.take(new.put(kind, MAYA, **told))
        assert field(house, Cell(kind, MAYA), name) == told[name]


def test_a_proof_alone_says_nothing_of_an_address() -> None:
    """A hub that has seen nothing tells of one without the address: that of the cloud stays, with its proof."""
    house, here = household()
    house.take(here.put(Kind.EMAIL, MAYA, address="maya@example.com", key="maya@example.com", proven=True))
    house.take(Writer(HUB_B).put(Kind.EMAIL, MAYA, proven=False))
    told = [field(house, Cell(Kind.EMAIL, MAYA), name) for name in ("address", "proven")]
    assert told == ["maya@example.com", True]


def test_what_the_cloud_lacks_comes_with_the_hub() -> None:
    """Somebody whom it doesn't know, an address of whoever has none there, and the rest of a profile."""
    house, here = household()
    new = Writer(HUB_B)
    house.take(here.put(Kind.EMAIL, MAYA, address=None, key=None, proven=False))
    house.take(here.put(Kind.PROFILE, MAYA, first_name="Maya", last_name=""))
    house.take(new.put(Kind.EMAIL, MAYA, address="mum@example.com", key="mum@example.com", proven=True))
    house.take(new.put(Kind.PROFILE, MAYA, first_name="Mum", last_name="Lind", phone_number="1"))
    house.take(new.put(Kind.USERNAME, LEO, username="leo", key="leo"))
    house.take(new.put(Kind.USERNAME, LEO, username="leon", key="leon"))
    shown = [field(house, Cell(Kind.PROFILE, MAYA), name) for name in ("first_name", "last_name", "phone_number")]
    assert shown == ["Maya", "Lind", "1"]
    assert field(house, Cell(Kind.EMAIL, MAYA), "address") == "mum@example.com"
    assert field(house, Cell(Kind.USERNAME, LEO), "username") == "leon"
