"""Passwords that are to stay at home: taken back from wherever they went, out of every table there."""

import pytest
from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.storage import users
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, State
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside, signed_in, validated
from tests.exchange.street import Hub, bearer
from tests.exchange.thieves import Thief
from tests.exchange.upkeep import backed_up, days_pass
from tests.hub import PASSWORD, Household
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


async def rules(home: Household, **wanted: str) -> None:
    """Maya sets the household's rules there."""
    async with bearer(home, (await signed_in(home, "maya")).json()) as owner:
        answer = await owner.patch("/household/policy", json=wanted)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("there", "at_home"), [("hub", True), ("cloud", False)])
async def test_a_verifier_that_is_shared_again(street: Street, there: str, *, at_home: bool) -> None:
    """The rule taken back, on whichever side, a password set on either opens the account everywhere; nobody is out."""
    hub, home = await joined(street), street.cloud.home
    beside = await joined_beside(street)
    await add(hub.home if at_home else home, "noah")
    await agree(street)
    await rules(hub.home, passwords_home="noah")
    await agree(street)
    for place in (hub.home, beside.home):
        assert (await signed_in(place, "noah")).status_code == 200
    noah = (await signed_in(hub.home, "noah")).json()
    assert (await signed_in(home, "noah")).status_code == 401
    await rules(hub.home if there == "hub" else home, passwords_home="")
    await agree(street)
    for place in (home, hub.home, beside.home):
        assert (await signed_in(place, "noah")).status_code == 200
    assert await validated(hub.home, noah) == 200
    async with bearer(home, (await signed_in(home, "noah")).json()) as client:
        told = [each["code"] for each in (await client.get("/auth/notices")).json()["notices"]]
    assert told[-1] == "password_shared"


async def hashes_kept(hub: Hub) -> int:
    """How many the hub has of passwords that were set there."""
    return len((await kept(hub.home.store))["sync_kept"])


async def test_of_passwords_that_are_over_no_hash_is_kept(street: Street) -> None:
    """Replaced ones go once that is durable, those of the deleted once they are forgotten; others still count."""
    hub = await joined(street)
    for name in ("noah", "leo"):
        await add(hub.home, name)
    before, known = await hashes_kept(hub), PASSWORD
    await rules(hub.home, passwords_home="noah")
    for word in ("Harbour-Lamp-77?", "Copper-Tulip-19."):
        async with bearer(hub.home, (await signed_in(hub.home, "noah", known)).json()) as noah:
            change = {"current_password": known, "new_password": word}
            assert (await noah.post("/auth/password/change", json=change)).status_code == 200
        known = word
    await agree(street)
    street.clock.advance(2 * DAY)
    await hub.meet()
    assert await hashes_kept(hub) == before + 2, "a restored cloud may know the ones of before"
    await backed_up(street.cloud)
    await hub.meet()
    street.clock.advance(2 * DAY)
    await hub.meet()
    assert await hashes_kept(hub) == 2, "Maya's is the cloud's"
    gone = (await street.cloud.home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "leo"))).id
    async with await street.cloud.owner() as owner:
        assert (await owner.delete(f"/household/members/{gone}")).status_code == 200
    await hub.meet()
    await backed_up(street.cloud)
    for _ in range(2):
        await days_pass(street, 91)
    await hub.meet()
    assert await hashes_kept(hub) == 1
    assert (await signed_in(hub.home, "noah", known)).status_code == 200
    await agree(street)


async def test_a_hub_that_says_again_what_was_never_said(street: Street) -> None:
    """Only what is kept at home is told again, and of that the latest: no other password comes by it."""
    hub, home = await joined(street), street.cloud.home
    await add(hub.home, "noah")
    await agree(street)
    thief = Thief(hub)
    noah = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "noah"))).id.bytes
    hashed = (await hub.home.hub.parts.passwords.hash("Copper-Tulip-19.")).encode()
    known = await hub.home.store.read(lambda conn: Shown(conn, hub.tenant).state(Cell(Kind.PASSWORD, noah)).secret)
    assert known is not None

    def again(pen: Pen) -> State:
        return replace(pen.password(hashed, knows=known.reset), fields=pen.put(again=list(known.by)).fields)

    assert await thief.push(Kind.PASSWORD, noah, again) == "taken"
    assert (await signed_in(home, "noah", "Copper-Tulip-19.")).status_code == 401
    assert (await signed_in(home, "noah")).status_code == 200
