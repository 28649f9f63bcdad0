"""A role that is given in the cloud: whoever gives it is told that it waits, and an owner at home confirms it."""

from tests.exchange.conftest import Street
from tests.exchange.people import agree, joined, signed_in
from tests.exchange.street import bearer
from tests.hub import PASSWORD


async def test_a_role_that_is_given_in_the_cloud(street: Street) -> None:
    """Nothing is changed by it, there or here, until it is confirmed at home; then it holds on both sides."""
    hub = await joined(street)
    async with (
        bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as here,
        bearer(street.cloud.home, (await signed_in(street.cloud.home, "maya")).json()) as there,
    ):
        body = {"username": "noah", "password": PASSWORD, "role": "adult"}
        added = (await here.post("/household/members", json=body)).json()
        assert "waits" not in added
        await agree(street)
        noah = f"/household/members/{added['user_id']}"
        told = (await there.patch(noah, json={"role": "owner"})).json()
        assert (told["waits"], "owner at home" in told["message"]) == (True, True)
        assert (await there.get(noah)).json()["role"] == "adult"
        refused = (await there.get("/household/sync/reviews")).json()["reviews"][0]["id"]
        answer = await there.post(f"/household/sync/reviews/{refused}/confirm")
        assert (answer.status_code, answer.json()["code"]) == (409, "cannot_confirm")
        await agree(street)
        (review,) = (await here.get("/household/sync/reviews")).json()["reviews"]
        assert (review["what"], review["by"]) == ("Make noah owner", "maya")
        assert (await here.post(f"/household/sync/reviews/{review['id']}/confirm")).status_code == 200
        await agree(street)
        for side in (here, there):
            assert (await side.get(noah)).json()["role"] == "owner"
            assert (await side.get("/household/sync/reviews")).json()["reviews"] == []
        lowered = (await there.patch(noah, json={"role": "child"})).json()
        assert lowered == {"message": "Role changed"}


async def test_somebody_who_is_added_in_the_cloud(street: Street) -> None:
    """They are there as a guest until the role is confirmed; where the policy lets it stand, nothing waits."""
    hub = await joined(street)
    async with (
        bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as here,
        bearer(street.cloud.home, (await signed_in(street.cloud.home, "maya")).json()) as there,
    ):
        body = {"username": "ida", "password": PASSWORD, "role": "adult"}
        added = (await there.post("/household/members", json=body)).json()
        assert added["waits"] is True
        assert (await there.get(f"/household/members/{added['user_id']}")).json()["role"] == "guest"
        assert (await here.patch("/household/policy", json={"cloud_grants": "stand"})).status_code == 200
        await agree(street)
        added = (await there.post("/household/members", json=body | {"username": "jon"})).json()
        assert "waits" not in added
        assert (await there.get(f"/household/members/{added['user_id']}")).json()["role"] == "adult"
