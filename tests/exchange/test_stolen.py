"""A hub is stolen, and is trusted in nothing from then on: also where it has ended before that is said."""

from functools import partial

import pytest

from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.pen import Pen
from tests.exchange.conftest import Street
from tests.exchange.consoles import cloud
from tests.exchange.owners import removed, roles
from tests.exchange.people import add, agree, joined, joined_beside
from tests.exchange.thieves import Thief, in_the_clouds_name


@pytest.mark.parametrize("by", ["itself", "an owner"])
async def test_after_it_has_ended(street: Street, by: str) -> None:
    """Whether a thief had it end itself or an owner removed it without saying so: what it has let in goes, once."""
    hub = await joined(street)
    await add(hub.home, "noah", "owner")
    await agree(street)
    thief = Thief(hub)
    me = hub.id
    if by == "itself":
        assert await thief.push(Kind.HUB, me.bytes, partial(Pen.climb, step=REVOKED)) == "taken"
    else:
        assert (await removed(street, me)).status_code == 200
    assert await roles(street) == {"maya": "owner", "noah": "owner"}
    assert (await removed(street, me)).status_code == 404
    again = await removed(street, me, stolen="true")
    assert (again.status_code, "all that it had let in" in again.text) == (200, True)
    assert await roles(street) == {"maya": "owner"}


async def test_what_it_says_that_the_cloud_has_said_of_another(street: Street) -> None:
    """A thief's hub hands on how another is called and that it is distrusted: neither is believed, only its end."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await agree(street)
    await add(beside.home, "leo")
    await agree(street)
    thief, other = Thief(hub), beside.id
    await in_the_clouds_name(thief, street.cloud.id.bytes, other.bytes, distrust=[0, 0], name="Forged name")
    assert await thief.push(Kind.HUB, other.bytes, partial(Pen.climb, step=REVOKED)) == "taken"
    assert "leo" in await roles(street)
    async with await street.cloud.owner() as owner:
        hubs = (await owner.get("/household/hubs")).json()["hubs"]
    assert "Forged name" not in {each["name"] for each in hubs}
    assert [each["state"] for each in hubs if each["id"] == str(other)] == ["removed"]


async def test_whose_password_has_to_be_set_anew_is_shown(street: Street) -> None:
    """Owners see who can't sign in until then, in the list of people as well as by the sign-in itself."""
    hub = await joined(street)
    await add(street.cloud.home, "noah")
    await agree(street)
    assert (await removed(street, hub.id, stolen="true")).status_code == 200
    shown = await cloud(street).do("user.list", household=str(street.cloud.tenant))
    assert {each["username"]: each["status"] for each in shown} == {"maya": "no_password", "noah": "no_password"}
