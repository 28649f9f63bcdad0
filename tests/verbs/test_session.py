"""Sessions as the console sees and ends them."""

from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge.appliance import reach
from rex_auth_edge.domain.refusals import RefusedError
from rex_auth_edge.verbs import session
from rex_auth_edge.verbs.reach import Reach
from tests.hub import Household, settings_for


@pytest.fixture
def near(home: Household, tmp_path: Path) -> Reach:
    """What the verbs of a hub can reach."""
    return reach(settings_for(tmp_path / "data"), home.hub, running=True)


async def verb(near: Reach, name: str, **arguments: Any) -> Any:
    """Have it done."""
    return await session.VERBS[name](near, **arguments)


async def test_listed_with_whose_they_are(near: Reach, home: Household) -> None:
    """The latest used first, one person's or everybody's, at most as many as asked for."""
    async with home.client() as maya, home.client(user_agent="Phone") as noor:
        await home.join(maya, "maya@example.com")
        home.clock.advance(1000)
        await home.join(noor, "noor@example.com")
    listed = await verb(near, "list")
    assert [(each["username"], each["device"]) for each in listed] == [("noor", "Phone"), ("maya", "Tablet")]
    assert await verb(near, "list", user="maya@example.com") == listed[1:]
    assert await verb(near, "list", limit=1) == listed[:1]


async def test_one_is_ended_by_its_number_or_id(near: Reach, home: Household) -> None:
    """Its tokens are refused from that moment; it is ended once."""
    async with home.client() as maya:
        await home.join(maya, "maya@example.com")
        (mine,) = await verb(near, "list")
        assert await verb(near, "end", session=str(mine["number"])) == {"ended": 1}
        assert (await maya.get("/auth/token/validate")).status_code == 401
        assert (await home.login(maya, "maya@example.com")).status_code == 200
        (mine,) = await verb(near, "list")
        assert await verb(near, "end", session=mine["id"].upper()) == {"ended": 1}
        assert await verb(near, "list") == []
        for gone in (mine["id"], "9" * 30, "it", ""):
            with pytest.raises(RefusedError, match="not_found"):
                await verb(near, "end", session=gone)


async def test_all_of_a_person_or_of_the_household(near: Reach, home: Household) -> None:
    """Everybody means everybody."""
    async with home.client() as maya, home.client() as noor:
        await home.join(maya, "maya@example.com")
        await home.join(noor, "noor@example.com")
        assert await verb(near, "end_all", user="maya") == {"ended": 1}
        assert (await noor.get("/auth/token/validate")).status_code == 200
        assert await verb(near, "end_all") == {"ended": 1}
        assert (await noor.get("/auth/token/validate")).status_code == 401
    assert await verb(near, "end_all") == {"ended": 0}
