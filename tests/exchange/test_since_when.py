"""An owner says since when a hub was stolen: what had come from it before stands, by the hour of the cloud's clock."""

from functools import partial
from typing import Any

import pytest

from rex_auth_edge.control import ControlRefusedError
from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from rex_auth_edge.sync.cloud.arrivals import KEPT, place_of
from rex_auth_edge.sync.order import START, Position
from tests.exchange.conftest import Street
from tests.exchange.consoles import cloud
from tests.exchange.owners import removed, roles
from tests.exchange.people import add, agree, joined, signed_in
from tests.exchange.street import Hub
from tests.tenancy.rows import kept


async def three_days(street: Street) -> Hub:
    """Maya's hub adds Noah today, Leo a day later, and Zoe two hours and ten minutes after that; now it is gone."""
    hub = await joined(street)
    for name, later in (("noah", DAY), ("leo", 2 * HOUR + 10 * MINUTE), ("zoe", DAY)):
        await add(hub.home, name, "owner")
        await agree(street)
        street.clock.advance(later)
    return hub


@pytest.mark.parametrize(
    ("since", "left"),
    [
        ("", {"maya"}),
        ("400d", {"maya"}),
        ("1d", {"maya", "noah", "leo"}),
        ("26h", {"maya", "noah"}),
        ("0001-01-01", {"maya"}),
        ("10m", {"maya", "noah", "leo", "zoe"}),
    ],
)
async def test_what_had_come_before_stands(street: Street, since: str, left: set[str]) -> None:
    """Whom it had let in before the hour stays what they were; who came in that hour or later goes."""
    hub = await three_days(street)
    said = await removed(street, hub.id, stolen="true", **({"since": since} if since else {}))
    assert said.status_code == 200, said.text
    assert await roles(street) == dict.fromkeys(left, "owner")
    assert (await signed_in(street.cloud.home, "maya")).status_code == 401, "passwords are set anew in any case"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"stolen": "true", "since": "yesterday"}, "no time"),
        ({"stolen": "true", "since": "2999-01-01"}, "still to come"),
        ({"since": "2d"}, "of a stolen one only"),
    ],
)
async def test_no_time_to_go_by(street: Street, asked: dict[str, str], why: str) -> None:
    """What is no time, one that is still to come, or one of a hub that isn't stolen: refused, and nothing is done."""
    hub = await joined(street)
    said = await removed(street, hub.id, **asked)
    assert (said.status_code, why in said.text) == (400, True), said.text
    console: Any = partial(cloud(street).do, "sync_hubs.remove_hub", which=str(hub.id))
    household = str(street.cloud.tenant)
    with pytest.raises(ControlRefusedError, match=why):
        await console(stolen="stolen" in asked, since=asked["since"], household=household)
    await agree(street)


async def test_an_owner_thinks_again(street: Street) -> None:
    """Stolen for longer than they thought: they say so, and what came in between goes too; never the other way."""
    hub = await three_days(street)
    node = hub.id
    console: Any = partial(cloud(street).do, "sync_hubs.remove_hub", which=str(node), stolen=True)
    household = str(street.cloud.tenant)
    assert (await console(since="1d", household=household))["stolen"]
    for later in ("1d", "2h"):
        with pytest.raises(ControlRefusedError, match="removed before"):
            await console(since=later, household=household)
    assert "leo" in await roles(street)
    await console(since="26h", household=household)
    assert await roles(street) == {"maya": "owner", "noah": "owner"}


async def test_what_it_costs(street: Street) -> None:
    """A row an hour in which something came, however much that was; the oldest go, but for the last before the rest."""
    hub = await joined(street)
    begun = len((await kept(street.cloud.home.store))["sync_hours"])
    for number in range(3):
        await add(hub.home, f"guest{number}", "guest")
        await agree(street)
    assert len((await kept(street.cloud.home.store))["sync_hours"]) == begun
    for number in range(4):
        street.clock.advance((KEPT // 2 + 2) * HOUR)
        await add(street.cloud.home, f"late{number}", "guest")
    hours = sorted(row["hour"] for row in (await kept(street.cloud.home.store))["sync_hours"])
    assert [hours[-1] - hour for hour in hours] == [KEPT + 4, KEPT // 2 + 2, 0]


def test_the_place_before_an_hour() -> None:
    """None is trusted that came in the hour or later; where nobody knows, none at all; where nothing came, all."""
    hours = [(10, Position(1, 0)), (12, Position(1, 7)), (15, Position(2, 9))]
    head = Position(2, 20)

    def at(hour: float) -> Position:
        return place_of(hours, head, int(hour * HOUR))

    assert [at(hour) for hour in (9, 10, 11, 12.9)] == [START, Position(1, 0), Position(1, 7), Position(1, 7)]
    assert [at(hour) for hour in (13, 15, 16)] == [Position(2, 9), Position(2, 9), head]
    assert place_of([], head, HOUR) == START


def test_a_cloud_whose_clock_was_wrong() -> None:
    """What came while it ran ahead, or twice in an hour after it was set back, is distrusted rather than trusted."""
    ahead = [(10, Position(1, 0)), (10_000, Position(1, 5)), (11, Position(1, 8))]
    assert place_of(ahead, Position(1, 30), 11 * HOUR) == Position(1, 5)
