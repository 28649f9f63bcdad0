"""A hub is stolen, and is trusted in nothing from then on: also where it has ended before that is said."""

from functools import partial
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.storage import sessions
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.pen import Pen
from tests.exchange.conftest import Street
from tests.exchange.consoles import cloud
from tests.exchange.owners import person, removed, roles
from tests.exchange.people import add, agree, joined, joined_beside, signed_in
from tests.exchange.thieves import Thief, in_the_clouds_name
from tests.hub import PASSWORD


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


@pytest.mark.parametrize("name", ["noah", "maya"])
async def test_who_has_signed_in_since(street: Street, name: str) -> None:
    """A thief who has signed in to the cloud with a password of his is out; not who was in before, nor who says it."""
    await add(street.cloud.home, "noah", "owner")
    hub, home, other = await joined(street), street.cloud.home, "Copper-Tulip-19."
    user = UUID(bytes=await person(street, name))

    async def ins() -> set[UUID]:
        found = await home.store.read(lambda conn: sessions.open_of(conn, street.cloud.tenant, user))
        return {each.id for each in found}

    await signed_in(home, name)
    street.clock.advance(2 * HOUR)
    async with await street.cloud.owner() as owner:
        await owner.post("/auth/reauthenticate", json={"password": PASSWORD})
        verifier = (await home.hub.parts.passwords.hash(other)).encode()
        assert await Thief(hub).push(Kind.PASSWORD, user.bytes, lambda pen: pen.password(verifier)) == "taken"
        before = await ins()
        assert (await signed_in(home, name, other)).status_code == 200
        assert len(await ins()) == len(before) + 1
        asked = {"stolen": "true", "since": "30m"}
        assert (await owner.delete(f"/household/hubs/{hub.id}", params=asked)).status_code == 200
        assert await ins() == before
        assert (await owner.get("/household/hubs")).status_code == 200
