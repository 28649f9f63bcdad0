"""A cloud and hubs as people use them: what is done on one side is so on the other."""

from tests.exchange.conftest import Street
from tests.exchange.people import agree, joined, joined_beside, signed_in, validated
from tests.exchange.street import bearer
from tests.hub import PASSWORD

OTHER = "Harbour-Lamp-77?"


async def test_the_owner_is_one_person(street: Street) -> None:
    """Whoever made the code, and owns the hub under the same address, has one account: with the hub's password."""
    hub = await joined(street)
    at_hub, at_cloud = await signed_in(hub.home, "maya"), await signed_in(street.cloud.home, "maya")
    assert (at_hub.status_code, at_cloud.status_code) == (200, 200), (at_hub.text, at_cloud.text)
    assert at_hub.json()["user_id"] == at_cloud.json()["user_id"]
    assert at_cloud.json()["tenant_id"] == str(street.cloud.tenant)


async def test_people_and_passwords(street: Street) -> None:
    """Who is added on a hub signs in at the cloud and at another hub; a password set there is the one here."""
    hub = await joined(street)
    async with bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as owner:
        body = {"username": "noah", "password": PASSWORD, "role": "child"}
        assert (await owner.post("/household/members", json=body)).status_code == 200
    second = await joined_beside(street)
    await agree(street)
    everywhere = (hub.home, street.cloud.home, second.home)
    for home in everywhere:
        assert (await signed_in(home, "noah")).status_code == 200
    noah = (await signed_in(second.home, "noah")).json()
    async with bearer(second.home, noah) as client:
        change = {"current_password": PASSWORD, "new_password": OTHER}
        assert (await client.post("/auth/password/change", json=change)).status_code == 200
    await agree(street)
    for home in everywhere:
        assert (await signed_in(home, "noah", OTHER)).status_code == 200
        assert (await signed_in(home, "noah", PASSWORD)).status_code == 401


async def test_a_session_ended_in_the_cloud_is_refused_at_the_hub(street: Street) -> None:
    """And the other way round: its tokens are refused at once."""
    hub = await joined(street)
    for home, other in ((hub.home, street.cloud.home), (street.cloud.home, hub.home)):
        tokens = (await signed_in(home, "maya")).json()
        await agree(street)
        assert await validated(home, tokens) == 200
        fresh = (await signed_in(other, "maya")).json()
        async with bearer(other, fresh) as client:
            assert (await client.post("/auth/logout-others")).status_code == 200
        await agree(street)
        assert await validated(home, tokens) == 401
        assert await validated(other, fresh) == 200


async def test_a_member_disabled_in_the_cloud(street: Street) -> None:
    """Whoever is disabled there is refused here, and what they held is over."""
    hub = await joined(street)
    async with bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as owner:
        body = {"username": "noah", "password": PASSWORD, "role": "adult"}
        assert (await owner.post("/household/members", json=body)).status_code == 200
    noah = (await signed_in(hub.home, "noah")).json()
    await agree(street)
    async with bearer(street.cloud.home, (await signed_in(street.cloud.home, "maya")).json()) as owner:
        answer = await owner.post(f"/household/members/{noah['user_id']}/disable")
        assert answer.status_code == 200, answer.text
    await agree(street)
    assert await validated(hub.home, noah) == 401
    assert (await signed_in(hub.home, "noah")).status_code == 401
