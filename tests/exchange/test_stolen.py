"""A hub is stolen, and is trusted in nothing from then on: also where it has ended before that is said."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.storage import users
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import START, Tag, unsent
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Held, Rung, State
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined
from tests.exchange.test_console import cloud
from tests.exchange.test_poison import Thief
from tests.exchange.test_silenced import lost
from tests.hub import PASSWORD


async def removed(street: Street, hub: bytes, *, stolen: bool) -> tuple[int, str]:
    """An owner removes it in the cloud: what is answered."""
    async with await street.cloud.owner() as owner:
        await owner.post("/auth/reauthenticate", json={"password": PASSWORD})
        asked = {"stolen": "true"} if stolen else {}
        said = await owner.delete(f"/household/hubs/{UUID(bytes=hub)}", params=asked)
    return said.status_code, said.text


async def members(street: Street) -> dict[str, str]:
    """Whom the cloud knows, and their roles."""
    tenant = street.cloud.tenant
    return {each.username: each.role for each in await street.cloud.home.store.read(lambda c: users.every(c, tenant))}


@pytest.mark.parametrize("by", ["itself", "an owner"])
async def test_after_it_has_ended(street: Street, by: str) -> None:
    """Whether a thief had it end itself or an owner removed it without saying so: what it has let in goes, once."""
    hub = await joined(street)
    await add(hub.home, "noah", "owner")
    await agree(street)
    thief = Thief(hub)
    me = thief.talk.household.me.id
    if by == "itself":
        assert await thief.push(Kind.HUB, me, partial(Pen.climb, step=REVOKED)) == "taken"
    else:
        assert (await removed(street, me, stolen=False))[0] == 200
    assert await members(street) == {"maya": "owner", "noah": "owner"}
    assert (await removed(street, me, stolen=False))[0] == 404
    status, said = await removed(street, me, stolen=True)
    assert (status, "all that it had let in" in said) == (200, True)
    assert await members(street) == {"maya": "owner"}


async def test_what_it_says_that_the_cloud_has_said_of_another(street: Street) -> None:
    """A thief's hub hands on how another is called and that it is distrusted: neither is believed, only its end."""
    hub = await joined(street)
    beside = await street.hub("hub1", 1)
    await beside.enrol(street.cloud)
    await agree(street)
    await add(beside.home, "leo")
    await agree(street)
    thief, other = Thief(hub), Thief(beside).talk.household.me.id
    by = Tag((await street.cloud.home.store.write(lambda tx: tx.node.id)).bytes, 1, 1)
    said: dict[str, Any] = {"distrust": [0, 0], "name": "Forged name"}
    fields = {name: Held(unsent(0), by, value) for name, value in said.items()}
    await lost(thief, Kind.HUB, other, State(rung=Rung(REVOKED, unsent(0), by, START), fields=fields))
    assert await thief.push(Kind.HUB, other, partial(Pen.climb, step=REVOKED)) == "taken"
    assert "leo" in await members(street)
    async with await street.cloud.owner() as owner:
        hubs = (await owner.get("/household/hubs")).json()["hubs"]
    assert "Forged name" not in {each["name"] for each in hubs}
    assert [each["state"] for each in hubs if each["id"] == str(UUID(bytes=other))] == ["removed"]


async def test_whose_password_has_to_be_set_anew_is_shown(street: Street) -> None:
    """Owners see who can't sign in until then, in the list of people as well as by the sign-in itself."""
    hub = await joined(street)
    await add(street.cloud.home, "noah")
    await agree(street)
    assert (await removed(street, Thief(hub).talk.household.me.id, stolen=True))[0] == 200
    shown = await cloud(street).do("user.list", household=str(street.cloud.tenant))
    assert {each["username"]: each["status"] for each in shown} == {"maya": "no_password", "noah": "no_password"}
