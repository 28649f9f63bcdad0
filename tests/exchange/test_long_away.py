"""A hub that was silent for over 180 days comes back: what came into being there is known, and nobody is asked."""

import pytest

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.exchange.oversight.reviews import waiting
from rex_auth_edge.exchange.stores.cloud import SqlCloud
from rex_auth_edge.sync.kinds import Kind
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, signed_in
from tests.exchange.street import bearer
from tests.exchange.visiting import session_of
from tests.hub import PASSWORD

OTHER = "Harbour-Lamp-77?"


async def kinds_that_wait(street: Street) -> list[str]:
    """Of what owners are asked about in the cloud."""
    tenant = street.cloud.tenant
    found = await street.cloud.home.store.write(lambda tx: waiting(SqlCloud(tx, tenant)))
    return sorted(str(each.cell.kind) for each in found)


@pytest.mark.parametrize("restarted", [False, True])
async def test_people_who_came_meanwhile(street: Street, *, restarted: bool) -> None:
    """They sign in everywhere with the password that they have, and whoever is signed in there is known elsewhere."""
    hub = await joined(street)
    await add(hub.home, "leo")
    await agree(street)
    hub.line.cut = True
    street.clock.advance(100 * DAY)
    await add(hub.home, "noah")
    assert (await signed_in(hub.home, "leo", "Not-At-All-11!")).status_code == 401
    async with bearer(hub.home, (await signed_in(hub.home, "leo")).json()) as leo:
        change = {"current_password": PASSWORD, "new_password": OTHER}
        assert (await leo.post("/auth/password/change", json=change)).status_code == 200
    street.clock.advance(90 * DAY)
    tokens = (await signed_in(hub.home, "noah")).json()
    async with bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as owner:
        assert (await owner.post("/household/invites", json={"role": "adult"})).status_code == 200
    await add(street.cloud.home, "zoe")
    hub.line.cut = False
    if restarted:
        await hub.sync.runs.end()
        await hub.sync.runs.begin(looping=False)
    await agree(street)
    for home in (hub.home, street.cloud.home):
        assert (await signed_in(home, "noah")).status_code == 200
        assert (await signed_in(home, "leo", OTHER)).status_code == 200
    async with bearer(street.cloud.home, (await signed_in(street.cloud.home, "noah")).json()) as noah:
        listed = (await noah.get("/auth/sessions")).json()["sessions"]
    assert session_of(tokens) in {each["session_id"] for each in listed}
    assert await kinds_that_wait(street) == [str(Kind.ROLE)], "what the cloud has given zoe; nothing of the hub's"
