"""What those have done in the cloud whom a stolen hub has made owners, or whose account it has taken: it goes, too."""

from functools import partial
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.pen import Pen
from tests.exchange.conftest import Street
from tests.exchange.consoles import cloud
from tests.exchange.owners import person, removed, roles, said
from tests.exchange.people import add, joined, signed_in
from tests.exchange.street import CLOUD, Hub, bearer, sign_up
from tests.exchange.thieves import Thief
from tests.hub import PASSWORD

OTHER = "Copper-Tulip-19."


def member(name: str) -> dict[str, str]:
    """Somebody to be added."""
    return {"username": name, "password": PASSWORD, "role": "adult"}


async def acts(street: Street, name: str, password: str) -> Hub:
    """Noah signs in to the cloud, as an owner: he adds Eve there, invites Zoe, and enrols a hub, which adds Mallory."""
    home = street.cloud.home
    async with bearer(home, (await signed_in(home, name, password)).json()) as noah:
        assert (await noah.post("/auth/reauthenticate", json={"password": password})).status_code == 200
        assert (await noah.post("/household/members", json=member("eve"))).status_code == 200
        invite = (await noah.post("/household/invites", json={"role": "adult"})).json()["code"]
        claim = (await noah.post("/household/hubs/claims")).json()["code"]
    async with home.client() as client:
        await sign_up(home, client, "zoe@example.com", "zoe", invite=invite)
    own, mallory = await street.hub("own", 7), b"mallory himself."
    assert not isinstance(await own.sync.enrol(own.tenant, CLOUD, claim), Refused)
    await own.meet()
    says = Thief(own)
    assert await says.push(Kind.USER, mallory, Pen.climb) == "taken"
    assert await says.push(Kind.USERNAME, mallory, partial(Pen.put, username="mallory")) == "taken"
    street.hubs.remove(own)
    return own


@pytest.mark.parametrize("how", ["raised", "taken"])
async def test_what_an_accomplice_has_done(street: Street, how: str) -> None:
    """Whom he has let in is out, his own hub with all that that had said; what he did before stands, as does he."""
    await add(street.cloud.home, "noah", "adult" if how == "raised" else "owner")
    hub = await joined(street)
    if how == "taken":
        async with bearer(street.cloud.home, (await signed_in(street.cloud.home, "noah")).json()) as owner:
            assert (await owner.post("/household/members", json=member("leo"))).status_code == 200
    street.clock.advance(2 * HOUR)
    thief, noah = Thief(hub), await person(street, "noah")
    verifier = (await street.cloud.home.hub.parts.passwords.hash(OTHER)).encode()
    if how == "raised":
        assert await thief.push(Kind.ROLE, noah, lambda pen: pen.role("owner")) == "taken"
    else:
        assert await thief.push(Kind.PASSWORD, noah, lambda pen: pen.password(verifier)) == "taken"
    own = await acts(street, "noah", PASSWORD if how == "raised" else OTHER)
    assert {"eve", "zoe", "mallory"} <= (await roles(street)).keys()
    told = said(await removed(street, hub.id, stolen="true", since="30m"))
    assert ["was taken back: that it is enrolled" in each for each in told["reset_after_theft"]].count(True) == 1
    stay = {"noah": "adult"} if how == "raised" else {"noah": "owner", "leo": "guest"}
    assert await roles(street) == {"maya": "owner"} | stay
    hubs = await cloud(street).do("sync_hubs.hubs", household=str(street.cloud.tenant))
    assert {UUID(each["id"]): each["state"] for each in hubs} == {hub.id: "removed", own.id: "removed"}
    assert (await own.meet()).removed
    waiting = await cloud(street).do("sync.reviews", household=str(street.cloud.tenant))
    assert [each["what"] for each in waiting["held"]] == (["Make leo adult"] if how == "taken" else [])
