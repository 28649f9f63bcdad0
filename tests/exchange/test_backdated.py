"""What a thief makes seem older than the theft, or somebody else's: it is taken back with the rest."""

import asyncio
from functools import partial
from typing import Any

import pytest

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.exchange.cloud import restored
from rex_auth_edge.storage import users
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.order import START, Position, Tag, unsent
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Mark, Rung, State
from tests.exchange.conftest import Street
from tests.exchange.owners import barred, person, policy, removed, said, sets
from tests.exchange.people import add, agree, joined, joined_beside
from tests.exchange.street import copied
from tests.exchange.thieves import ELSEWHERE, Thief, lost
from tests.hub import Household

LOOSE: dict[str, Any] = {"cloud_grants": "stand", "session_life": 3000 * 24 * HOUR}


async def thief_of(street: Street) -> Thief:
    """He has the hub of a household where Noah has no address, and nobody has ever set a rule; for two hours now."""
    hub = await joined(street)
    await add(street.cloud.home, "noah", "guest")
    await agree(street)
    street.clock.advance(2 * HOUR)
    return Thief(hub)


async def address(home: Household, street: Street) -> str | None:
    """Noah's, in the cloud."""
    found = await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "noah"))
    return None if found.email is None else str(found.email)


def _placed(at: Position, fields: dict[str, Any], pen: Pen) -> State:
    return Pen(pen.tag, pen.seen, at).put(**fields)


@pytest.mark.parametrize(("since", "epochs"), [("30m", 0), ("30m", 1), ("", 0)])
async def test_at_a_place_of_before(street: Street, since: str, epochs: int) -> None:
    """What the cloud has given a place it has: nobody puts more there, where nothing was that would outlast it."""
    thief = await thief_of(street)
    told = thief.talk.household.me.told
    at = Position(told.epoch - epochs, told.seq) if since or epochs else START
    assert await thief.push(Kind.EMAIL, await person(street, "noah"), partial(_placed, at, ELSEWHERE)) == "taken"
    assert await thief.push(Kind.POLICY, HOUSEHOLD, partial(_placed, at, LOOSE)) == "taken"
    assert (await removed(street, street.hubs[0].id, stolen="true", since=since)).status_code == 200
    assert await address(street.cloud.home, street) is None
    found = await policy(street)
    assert (found["cloud_grants"], found["session_life"] == "3000d") == ("wait", False)


async def test_in_anothers_name(street: Street) -> None:
    """Of what a restored cloud is said to have forgotten, as what it has put itself, no field is believed."""
    thief = await thief_of(street)
    pen = Pen(Tag(street.cloud.id.bytes, 1, 1), thief.talk.household.me.whole)
    await lost(thief, Kind.EMAIL, await person(street, "noah"), pen.climb(REVOKED, **ELSEWHERE))
    await lost(thief, Kind.POLICY, HOUSEHOLD, pen.climb(REVOKED, **LOOSE))
    assert (await removed(street, street.hubs[0].id, stolen="true")).status_code == 200
    assert await address(street.cloud.home, street) is None
    assert (await policy(street))["cloud_grants"] == "wait"


@pytest.mark.parametrize("touched", [True, False])
async def test_at_a_place_that_was_forgotten(street: Street, *, touched: bool) -> None:
    """Which a restored cloud can't know: what came there since the theft goes, what had come before stands."""
    thief = await thief_of(street)
    await asyncio.to_thread(copied, street.folder / "cloud", street.folder / "cloud-backup")
    await sets(street.hubs[0].home, idle_life="5d", cloud_grants="stand")
    await agree(street)
    await street.back(street.folder / "cloud-backup")
    await restored.begin_epochs(street.cloud.home.hub.parts)
    await agree(street)
    assert (await policy(street))["idle_life"] == "5d"
    street.clock.advance(2 * HOUR)
    thief, noah = Thief(street.hubs[0]), await person(street, "noah")
    at = Position(1, thief.talk.household.me.told.seq + 5)
    if touched:
        assert await thief.push(Kind.EMAIL, noah, partial(_placed, at, ELSEWHERE)) == "taken"
        assert await thief.push(Kind.POLICY, HOUSEHOLD, partial(_placed, at, LOOSE)) == "taken"
        assert (await address(street.cloud.home, street), (await policy(street))["session_life"]) != (None, "1h")
    told = said(await removed(street, street.hubs[0].id, stolen="true", since="30m"))
    assert await address(street.cloud.home, street) is None
    found = await policy(street)
    assert (found["cloud_grants"], found["session_life"] == "3000d") == ("wait" if touched else "stand", False)
    assert ("reset_after_theft" in told, "rules_reset_after_theft" in told) == (touched, touched)


async def owned_by_leo(street: Street) -> tuple[Thief, Tag]:
    """The cloud is restored, and two hours later a hub is a thief's; a tag of the hub beside it."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await add(hub.home, "leo", "owner")
    await agree(street)
    assert await restored.begin_epochs(street.cloud.home.hub.parts) == 1
    await agree(street)
    street.clock.advance(2 * HOUR)
    return Thief(hub), Tag((beside.id).bytes, 1, 900)


@pytest.mark.parametrize("where", ["elsewhere", "before", "forgotten"])
@pytest.mark.parametrize(("kind", "what"), [(Kind.DISABLED, "disabled"), (Kind.BAN, ["unknown", None, 1])])
async def test_an_owner_shut_out_in_disguise(street: Street, kind: Kind, what: Any, where: str) -> None:
    """In the name of the hub beside it, or at a place of before: once the hub isn't trusted, the owner is in again."""
    thief, by = await owned_by_leo(street)
    me, leo = thief.talk.household.me, await person(street, "leo")
    places = {"elsewhere": unsent(0), "before": me.told, "forgotten": Position(1, me.told.seq + 5)}
    by = by if where == "elsewhere" else Tag(me.id, 1, 1)
    await lost(thief, kind, leo, State(marks=(Mark(by, places[where], what),)))
    told = said(await removed(street, street.hubs[0].id, stolen="true", since="30m"))
    assert await barred(street, "leo") == (False, False)
    assert ["leo" in each for each in told.get("reset_after_theft", [])] == ([] if where == "before" else [True])


async def test_somebody_deleted_in_disguise(street: Street) -> None:
    """In the name of the hub beside it: it is listed with what the stolen hub has done."""
    thief, by = await owned_by_leo(street)
    await lost(thief, Kind.USER, await person(street, "leo"), State(rung=Rung(REVOKED, unsent(0), by, START)))
    told = said(await removed(street, street.hubs[0].id, stolen="true", since="30m"))
    assert ["leo still stands: that they are deleted" in each for each in told["left_by_stolen_hub"]] == [True]
