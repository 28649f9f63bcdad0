"""Hubs' token-signing keys: each tells of its own, nobody of another's, and their end is for ever."""

from typing import Any

from rex_auth_edge.sync.cloud.removal import after_hub
from rex_auth_edge.sync.kinds import PENDING, REVOKED, Kind
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.outcome import Outcome, Then
from rex_auth_edge.sync.rules.keys import ALGORITHM, KID, NOT_ITS_OWN, PUBLIC, key_cell, key_of
from rex_auth_edge.sync.state import Cell
from tests.sync.houses import HUB_A, HUB_B, PlainHouse, Writer, household

KEY: dict[str, Any] = {KID: "one", ALGORITHM: "ES256", PUBLIC: b"public"}


def told() -> tuple[PlainHouse, Writer, bytes]:
    """A household in which hub A has told of its key, and that key's id."""
    house, hub = household()
    cell = key_cell(HUB_A, "one")
    assert house.take(hub.climb(cell.kind, cell.id, **KEY)).outcome is Outcome.TAKEN
    assert key_of(house, HUB_A, "one") == ("ES256", b"public")
    return house, hub, cell.id


def test_a_key_is_its_own_nodes() -> None:
    """Another hub can neither open its cell, nor put another key there, nor have it under its own name."""
    house, hub, one = told()
    other = Writer(HUB_B)
    two = key_cell(HUB_A, "two").id
    for change in (
        other.climb(Kind.KEY, two, **KEY | {KID: "two"}),
        other.put(Kind.KEY, one, **KEY | {PUBLIC: b"another"}),
        other.put(Kind.KEY, one, public=b"another"),
        other.climb(Kind.KEY, one, PENDING),
        hub.climb(Kind.KEY, one, **KEY | {KID: "two"}),
        hub.climb(Kind.KEY, two, **KEY | {KID: 2}),
        hub.climb(Kind.KEY, two),
        hub.climb(Kind.KEY, key_cell(HUB_A, "k" * 65).id, **KEY | {KID: "k" * 65}),
    ):
        verdict = house.take(change)
        assert (verdict.outcome, verdict.notices[0].code) == (Outcome.REFUSED, NOT_ITS_OWN), change
    assert house.take(other.climb(Kind.KEY, key_cell(HUB_B, "one").id, **KEY)).outcome is Outcome.TAKEN
    house.take(other.mark(Kind.KEY, one, "what no key has"))
    assert key_of(house, HUB_A, "one") == ("ES256", b"public")
    assert key_of(house, HUB_A, "two") is None


def test_a_revoked_key_stays_so() -> None:
    """Whoever revokes it; telling of it again changes nothing. One that hasn't begun is none yet."""
    house, hub, one = told()
    house.take(Writer(HUB_B).climb(Kind.KEY, one, REVOKED))
    house.take(hub.climb(Kind.KEY, one, **KEY))
    assert key_of(house, HUB_A, "one") is None
    house.take(hub.climb(Kind.KEY, key_cell(HUB_A, "two").id, PENDING, **KEY | {KID: "two"}))
    assert key_of(house, HUB_A, "two") is None


def test_a_hub_that_was_away_for_very_long_tells_its_keys() -> None:
    """Nobody else could confirm them, so that none waits for an owner."""
    house, hub = household()
    house.refresh = Position(1, 1000)
    assert house.take(hub.climb(Kind.KEY, key_cell(HUB_A, "one").id, **KEY)).outcome is Outcome.TAKEN


def test_a_removed_hubs_keys_end_with_it() -> None:
    """However far it was trusted; no other hub's do."""
    house, _, one = told()
    other = Writer(HUB_B)
    house.take(other.climb(Kind.KEY, key_cell(HUB_B, "one").id, **KEY))
    removal = other.climb(Kind.HUB, HUB_A, REVOKED)
    house.take(removal)
    assert key_of(house, HUB_A, "one") is None
    follows = after_hub(removal, house)
    assert [(each.then, each.cell) for each in follows] == [(Then.REVOKE, Cell(Kind.KEY, one))]
    assert key_of(house, HUB_B, "one") is not None
