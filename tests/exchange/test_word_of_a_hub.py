"""What a hub says of people's accounts, which its thief can say too: the cloud takes it, and tells whom it concerns."""

from functools import partial
from typing import Any

import pytest

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.flows import recover
from rex_auth_edge.storage import tenants, users
from rex_auth_edge.storage.tables import directory
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.pen import Pen
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, letters, noticed, signed_in
from tests.exchange.street import Hub, bearer, sign_up
from tests.exchange.thieves import Thief, says
from tests.hub import PASSWORD, Household

ZOE = "zoe@example.net"


async def proven(home: Household, address: str, *, listed: int) -> bool:
    """Whether the cloud counts the address as proven; it is in its directory so often."""
    hashed = home.hub.parts.address_hash(address)
    assert len(await home.store.read(partial(tenants.whereabouts, address_hash=hashed))) == listed
    found = await home.store.read(partial(users.by_email_anywhere, address_hash=hashed, email_key=address))
    return found is not None and bool(found.email_proven)


async def test_another_address(street: Street) -> None:
    """The former one gets a letter, which names household and hub; the person and the owners find a notice."""
    hub, home = await joined(street), street.cloud.home
    await says(hub, "maya", email="thief@example.org")
    await agree(street)
    (letter,) = await letters(home, "maya@example.com")
    assert "a hub of the household maya's household (" in letter
    assert "your e-mail address is another one" in letter
    assert await letters(home, "thief@example.org") == []
    assert await noticed(home, "maya") == ["address_by_hub"]
    async with await street.cloud.owner() as owner:
        told = (await owner.get("/household/sync/reviews")).json()["notices"]
    assert ["remove that hub" in each["says"] for each in told if each["code"] == "address_by_hub"] == [True]


@pytest.mark.parametrize(
    "before",
    [[{"proven": False}], [{"key": "x@example.org"}, {"address": "maya@example.com", "proven": False}]],
)
async def test_an_address_that_is_changed_in_small_steps(street: Street, before: list[dict[str, Any]]) -> None:
    """No order of words hides it: not where the proof is taken back first, or what the address is found by."""
    hub, home = await joined(street), street.cloud.home
    maya = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))).id.bytes
    thief = Thief(hub)
    for fields in (*before, {"address": "thief@example.org"}):
        assert await thief.push(Kind.EMAIL, maya, partial(Pen.put, **fields)) == "taken"
    (letter,) = await letters(home, "maya@example.com")
    assert "your e-mail address is another one" in letter
    assert await noticed(home, "maya") == ["address_by_hub"]


async def test_strangers_get_no_letters(street: Street) -> None:
    """An address is somebody's by a hub's word alone, who is called what the hub likes: nothing is sent there."""
    hub, home = await joined(street), street.cloud.home
    maya = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))).id.bytes
    thief = Thief(hub)
    assert await thief.push(Kind.PROFILE, maya, partial(Pen.put, first_name="Buy this")) == "taken"
    for address in ("a@example.net", "b@example.net"):
        said = partial(Pen.put, address=address, key=address, proven=True)
        assert await thief.push(Kind.EMAIL, maya, said) == "taken"
    assert await letters(home, "a@example.net") == []
    (letter,) = await letters(home, "maya@example.com")
    assert "Buy this" not in letter


async def test_another_password_and_an_owners_role(street: Street) -> None:
    """Each is written and shown to the person; a role to the owners too, a password to nobody else."""
    hub, home = await joined(street), street.cloud.home
    await add(hub.home, "noah")
    await agree(street)
    await street.cloud.home.store.write(
        lambda tx: users.change(
            tx, street.cloud.tenant, users.by_username(tx.conn, street.cloud.tenant, "noah").id,
            email="noah@example.com", email_key="noah@example.com", email_proven=True,
        )
    )  # fmt: skip
    await agree(street)
    hashed = home.hub.parts.address_hash("noah@example.com")
    await home.store.write(lambda tx: tenants.list_in_directory(tx, hashed, street.cloud.tenant))
    other = "Copper-Tulip-19."
    await says(hub, "noah", password_hash=await hub.home.hub.parts.passwords.hash(other))
    await says(hub, "noah", role="owner")
    await agree(street)
    told = " ".join(await letters(home, "noah@example.com"))
    assert "your password is another one" in told
    assert "you are an owner" in told
    async with bearer(home, (await signed_in(home, "noah", other)).json()) as noah:
        owners = (await noah.get("/household/sync/reviews")).json()["notices"]
    assert sorted(await noticed(home, "noah", other)) == ["owner_by_hub", "password_by_hub"]
    assert [each["code"] for each in owners if each["code"].endswith("_by_hub")] == ["owner_by_hub"]


async def test_what_the_cloud_does_itself_is_nobodys_word(street: Street) -> None:
    """Of a password that is changed there, and comes to the hub and back, no hub is blamed."""
    hub, home = await joined(street), street.cloud.home
    async with await street.cloud.owner() as owner:
        body = {"current_password": PASSWORD, "new_password": "Copper-Tulip-19."}
        assert (await owner.post("/auth/password/change", json=body)).status_code == 200
    await agree(street)
    assert (await signed_in(hub.home, "maya", "Copper-Tulip-19.")).status_code == 200
    assert await letters(home, "maya@example.com") == []
    assert await noticed(home, "maya", "Copper-Tulip-19.") == []


async def planted(street: Street) -> Hub:
    """A household whose hub calls Noah by Zoe's address, before she has ever been in the cloud."""
    hub = await joined(street)
    await add(hub.home, "noah")
    await says(hub, "noah", email=ZOE)
    await agree(street)
    return hub


async def signed_in_by_address(home: Household) -> Any:
    """With Zoe's address, and no household named."""
    async with home.client("192.168.9.1") as client:
        return await client.post("/auth/login", json={"email": ZOE, "password": PASSWORD})


@pytest.mark.parametrize("again", [False, True])
async def test_an_address_that_was_planted(street: Street, *, again: bool) -> None:
    """Whoever proves it to the cloud has it: who has it by a hub loses it, and is told; also a second time."""
    hub, home = await planted(street), street.cloud.home
    async with home.client("192.168.9.1") as client:
        zoe = await sign_up(home, client, ZOE, "zoe")
    await agree(street)
    if again:
        await says(hub, "noah", email=ZOE)
        await agree(street)
    street.clock.advance(SECOND)
    shown = await noticed(home, "noah")
    assert "email_taken" in shown, "and they sign in last"
    answer = await signed_in_by_address(home)
    assert (answer.status_code, answer.json().get("tenant_id")) == (200, zoe["tenant_id"])
    assert "email_taken" in await noticed(hub.home, "noah")
    if not again:
        known = await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "noah"))
        there = await hub.home.store.read(lambda conn: users.by_username(conn, hub.tenant, "noah"))
        assert (known.email, there.email) == (None, None)


async def test_an_address_of_a_hubs_that_is_proven_by_a_letter(street: Street) -> None:
    """Who sets a new password by the cloud's letter has shown that the address is theirs: from then on it is so."""
    await planted(street)
    home = street.cloud.home
    async with home.client("192.168.9.1") as client:
        body = {"reset_token": await home.reset_token(client, ZOE), "new_password": "Copper-Tulip-19."}
        assert (await client.post("/auth/password/reset", json=body)).status_code == 200
        await sign_up(home, client, ZOE, "zoe")
    await agree(street)
    known = await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "noah"))
    assert known.email == ZOE, "two people who have both proven it keep it"
    hashed = home.hub.parts.address_hash(ZOE)
    rows = await home.store.read(
        lambda conn: conn.execute(directory.select().where(directory.c.address_hash == hashed)).all()
    )
    assert [row.told_by for row in rows] == [None, None]


async def test_a_link_that_went_elsewhere(street: Street) -> None:
    """Who follows a link to a former address proves nothing of the one that a hub has put in its place."""
    hub, home = await joined(street), street.cloud.home
    parts = home.hub.parts
    async with home.client() as client:
        tokens = [await home.reset_token(client, "maya@example.com") for _ in range(2)]
        early = await recover.check(parts, tokens[0])
        assert not isinstance(early, Refused)
        await says(hub, "maya", email="thief@example.org")
        maya = (await hub.home.store.read(lambda conn: users.by_username(conn, hub.tenant, "maya"))).id
        await hub.home.store.write(lambda tx: users.change(tx, hub.tenant, maya, email_proven=False))
        await agree(street)
        hashed = await parts.passwords.hash("Copper-Tulip-19.")
        await parts.store.write(lambda tx: recover._redeem(tx, parts, early, hashed, Caller()))
        assert not await proven(home, "thief@example.org", listed=1)
        assert not await proven(home, "maya@example.com", listed=0)


@pytest.mark.parametrize("changed", [True, False])
async def test_a_link_that_is_followed_later(street: Street, *, changed: bool) -> None:
    """It still sets a password; where the address is another one by then, that isn't proven by it."""
    hub, home = await joined(street), street.cloud.home
    address = "thief@example.org" if changed else "maya@example.com"
    async with home.client() as client:
        token = await home.reset_token(client, "maya@example.com")
        if changed:
            maya = (await hub.home.store.read(lambda conn: users.by_username(conn, hub.tenant, "maya"))).id
            values = {"email": address, "email_key": address, "email_proven": False}
            await hub.home.store.write(lambda tx: users.change(tx, hub.tenant, maya, **values))
            await agree(street)
        body = {"reset_token": token, "new_password": "Copper-Tulip-19."}
        assert (await client.post("/auth/password/reset", json=body)).status_code == 200
    assert await proven(home, address, listed=1) is not changed
