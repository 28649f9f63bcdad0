"""Passwords that are to stay at home: taken back from wherever they went, out of every table there."""

from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, signed_in
from tests.exchange.street import bearer
from tests.tenancy.rows import kept


async def test_a_verifier_that_is_taken_back(street: Street) -> None:
    """The cloud has it nowhere, and lets nobody in by it; at home it goes on to count."""
    hub, home = await joined(street), street.cloud.home
    await add(hub.home, "noah")
    await agree(street)
    assert (await signed_in(home, "noah")).status_code == 200
    (hashed,) = [row["password_hash"] for row in (await kept(hub.home.store))["users"] if row["username"] == "noah"]
    async with bearer(hub.home, (await signed_in(hub.home, "maya")).json()) as owner:
        answer = await owner.patch("/household/policy", json={"passwords_home": "noah"})
    assert answer.status_code == 200, answer.text
    await agree(street)
    everything = str(await kept(home.store))
    assert hashed not in everything
    assert (await signed_in(home, "noah")).status_code == 401
    assert (await signed_in(hub.home, "noah")).status_code == 200
