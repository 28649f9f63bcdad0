"""A ban that is heard of late is served once: what has passed of it, by the cloud's clock, isn't served again."""

import pytest

from rex_auth_edge.domain.clock import HOUR, MINUTE, SECOND
from rex_auth_edge.exchange.trouble import LineError
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside, members, signed_in
from tests.exchange.street import Hub, bearer


async def banned(street: Street) -> tuple[Hub, Hub]:
    """Noah, for an hour, where somebody has guessed at his password; and a hub that hasn't heard of it."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await add(hub.home, "noah")
    await agree(street)
    for _ in range(4):
        assert (await signed_in(hub.home, "noah", "wrong")).status_code == 401
    return hub, beside


async def test_what_remains_of_it(street: Street) -> None:
    """Heard after 50 minutes it lasts for ten."""
    hub, beside = await banned(street)
    assert (await hub.meet()).trouble is None
    street.clock.advance(50 * MINUTE)
    assert (await beside.meet()).trouble is None
    assert (await signed_in(beside.home, "noah")).status_code == 403
    street.clock.advance(10 * MINUTE + SECOND)
    for place in (beside.home, hub.home, street.cloud.home):
        assert (await signed_in(place, "noah")).status_code == 200


async def test_one_that_is_over(street: Street) -> None:
    """Heard after two hours it bars nobody; what failed still counts, and the next failure is a fifth."""
    hub, beside = await banned(street)
    assert (await hub.meet()).trouble is None
    street.clock.advance(2 * HOUR)
    assert (await beside.meet()).trouble is None
    assert (await signed_in(beside.home, "noah", "wrong")).status_code == 401
    street.clock.advance(2 * HOUR)
    assert (await signed_in(beside.home, "noah")).status_code == 403


async def test_one_whose_person_is_gone(street: Street) -> None:
    """It is told as it was, and all else with it."""
    hub, beside = await banned(street)
    async with bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as maya:
        (noah,) = [
            each for each in (await maya.get("/household/members")).json()["members"] if each["username"] == "noah"
        ]
        assert (await maya.delete(f"/household/members/{noah['user_id']}")).status_code == 200
    await agree(street)
    assert "noah" not in await members(beside.home)


async def test_a_hub_that_was_cut_off(street: Street) -> None:
    """Of the ban in the request that was under way, and of one that waited, it tells what is left once it can tell."""
    hub, _ = await banned(street)
    await add(hub.home, "leo")
    hub.line.cut = True
    with pytest.raises(LineError):
        await hub.sync.runs.running[hub.tenant].rounds.send()
    for _ in range(4):
        assert (await signed_in(hub.home, "leo", "wrong")).status_code == 401
    street.clock.advance(50 * MINUTE)
    assert (await hub.meet()).trouble == "unreachable"
    hub.line.cut = False
    assert (await hub.meet()).trouble is None
    for name in ("noah", "leo"):
        assert (await signed_in(street.cloud.home, name)).status_code == 403
    street.clock.advance(10 * MINUTE + SECOND)
    for name in ("noah", "leo"):
        assert (await signed_in(street.cloud.home, name)).status_code == 200
