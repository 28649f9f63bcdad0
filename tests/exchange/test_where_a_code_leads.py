"""A claim code says where it leads before it is used: whoever is handed a stranger's doesn't give their home away."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.cli.sync import ASKED, leading
from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.exchange.hub import admission
from rex_auth_edge.exchange.hub.line import PATIENCE
from rex_auth_edge.storage import users
from rex_auth_edge.storage.tx import Tx
from tests.exchange.conftest import Street
from tests.exchange.people import agree, joined, members, signed_in
from tests.exchange.street import CLOUD, Hub, bearer, sign_up
from tests.hub import PASSWORD
from tests.tenancy.rows import kept


async def looked(hub: Hub, code: str, as_: str | None = None) -> Any:
    """What the hub shows of a code."""
    return await hub.sync.look(hub.tenant, CLOUD, code, as_)


async def owned(hub: Hub, *, proven: bool) -> None:
    """Maya claims the hub; her address there is proven by a letter of the hub's, or typed only."""
    async with hub.home.client() as client:
        await hub.home.own(client, "maya@example.com", "maya")
    known = await hub.home.store.read(lambda conn: users.owners(conn, hub.tenant))
    await hub.home.store.write(lambda tx: users.change(tx, hub.tenant, known[0], email_proven=proven))


async def test_whose_household_it_is(street: Street) -> None:
    """Its name, its owner, and of their address no more than who knows them needs; nothing is used up or changed."""
    hub, code = street.hubs[0], await street.cloud.claim()
    before = (await kept(street.cloud.home.store), await kept(hub.home.store))
    for typed in (code, f" {code.lower()} "):
        found = await looked(hub, typed)
        assert (found.household, found.name, found.owner) == (street.cloud.tenant, "maya's household", "maya")
        assert (found.address, found.becomes, found.alike) == ("m***@example.com", None, None)
    assert (await kept(street.cloud.home.store), await kept(hub.home.store)) == before
    street.clock.advance(15 * MINUTE)
    late = await looked(hub, code)
    assert isinstance(late, Refused)
    assert late.fields["cloud"] == "invalid_claim_code"


async def test_a_used_code_says_nothing(street: Street) -> None:
    """Whoever finds it afterwards learns nobody's household by it."""
    code = await street.cloud.claim()
    hub = street.hubs[0]
    assert not isinstance(await hub.sync.enrol(hub.tenant, CLOUD, code), Refused)
    other = await street.hub("hub1", 1)
    assert isinstance(await looked(other, code), Refused)


async def test_an_owner_here_who_gives_no_address(street: Street) -> None:
    """Becomes nobody by it, and sees where the code leads."""
    hub = street.hubs[0]
    await owned(hub, proven=False)
    (maya,) = await hub.home.store.read(lambda conn: users.owners(conn, hub.tenant))
    await hub.home.store.write(lambda tx: users.change(tx, hub.tenant, maya, email=None, email_key=None))
    found = await looked(hub, await street.cloud.claim())
    assert (found.owner, found.becomes, found.alike) == ("maya", None, None)


@pytest.mark.parametrize(("proven", "as_"), [(True, None), (False, None), (False, "maya"), (False, "maya@example.com")])
async def test_who_becomes_whom(street: Street, *, proven: bool, as_: str | None) -> None:
    """By the same address only where both have proven it, or by name; it is said before, and then it is so."""
    hub = street.hubs[0]
    await owned(hub, proven=proven)
    code = await street.cloud.claim()
    found = await looked(hub, code, as_)
    same = proven or as_ is not None
    assert (found.becomes, found.alike) == (("maya", None) if same else (None, "maya"))
    said = await hub.sync.enrol(hub.tenant, CLOUD, code, as_, found.household)
    assert not isinstance(said, Refused), said
    await agree(street)
    assert len(await members(hub.home)) == (1 if same else 2)
    assert (await signed_in(street.cloud.home, "maya")).status_code == 200


@pytest.mark.parametrize("columns", [{"disabled": True}, {"role": "adult"}])
async def test_whoever_is_no_owner_here_becomes_none_there(street: Street, columns: dict[str, Any]) -> None:
    """Not by the address that both have proven, nor by name: a hub's adult isn't the cloud's owner by a code."""
    hub = street.hubs[0]
    await owned(hub, proven=True)
    async with hub.home.client("192.168.1.21") as client:
        await hub.home.join(client, "dad@example.com", "dad")
    known = await hub.home.store.read(lambda conn: {row.username: row.id for row in users.every(conn, hub.tenant)})

    def change(tx: Tx) -> None:
        users.change(tx, hub.tenant, known["dad"], role="owner")
        users.change(tx, hub.tenant, known["maya"], **columns)

    await hub.home.store.write(change)
    code = await street.cloud.claim()
    assert isinstance(await looked(hub, code, "maya"), Refused)
    assert (await looked(hub, code)).becomes is None
    said = await hub.sync.enrol(hub.tenant, CLOUD, code)
    assert not isinstance(said, Refused), said
    await agree(street)
    rows = await street.cloud.home.store.read(lambda conn: users.every(conn, street.cloud.tenant))
    assert [row.email_proven for row in rows if row.id == known["maya"]] == [False], "two people, not one"


async def test_an_address_that_the_cloud_has_not_seen_proven_is_nobodys(street: Street) -> None:
    """Whoever has typed it there doesn't become the owner of a hub who has proven that it is theirs."""
    hub, home = street.hubs[0], street.cloud.home
    await owned(hub, proven=True)
    (maya,) = await home.store.read(lambda conn: users.owners(conn, street.cloud.tenant))
    await home.store.write(lambda tx: users.change(tx, street.cloud.tenant, maya, email_proven=False))
    code = await street.cloud.claim()
    found = await looked(hub, code)
    assert (found.address, found.becomes, found.alike) == ("", None, None)
    assert not isinstance(await hub.sync.enrol(hub.tenant, CLOUD, code), Refused)
    assert len(await members(hub.home)) == 1
    await agree(street)
    assert len(await members(hub.home)) == 2


async def test_a_strangers_code(street: Street) -> None:
    """It leads where it says, and not into the household that was agreed to: then the cloud lets nobody in."""
    hub, home = street.hubs[0], street.cloud.home
    await owned(hub, proven=True)
    async with home.client("192.168.9.1") as client:
        mallory = await sign_up(home, client, "mallory@example.net", "mallory")
    async with bearer(home, mallory) as client:
        code = (await client.post("/household/hubs/claims")).json()["code"]
    found = await looked(hub, code)
    assert (str(found.household), found.owner, found.becomes) == (mallory["tenant_id"], "mallory", None)
    said = await hub.sync.enrol(hub.tenant, CLOUD, code, household=street.cloud.tenant)
    assert isinstance(said, Refused)
    rows = await kept(home.store, UUID(mallory["tenant_id"]))
    assert rows["sync_members"] == []
    assert not isinstance(await looked(hub, code), Refused), "the code is still good, for who wants that household"


async def test_a_strangers_code_for_a_household_that_is_shared(street: Street) -> None:
    """It is refused where it is looked at, and where that was agreed to: it stays good, and lets nobody in there."""
    hub, home = await joined(street), street.cloud.home
    async with home.client("192.168.9.1") as client:
        mallory = await sign_up(home, client, "mallory@example.net", "mallory")
    async with bearer(home, mallory) as client:
        code = (await client.post("/household/hubs/claims")).json()["code"]
    theirs = UUID(mallory["tenant_id"])
    for said in (await looked(hub, code), await hub.sync.enrol(hub.tenant, CLOUD, code, household=theirs)):
        assert isinstance(said, Refused)
        assert said.code == "already_enrolled"
    assert (await kept(home.store, theirs))["sync_members"] == []
    other = await street.hub("hub1", 1)
    assert not isinstance(await looked(other, code), Refused)


def test_the_console_waits_until_the_hub_gives_up() -> None:
    """Where nobody answers at the cloud's address, the hub says so while somebody still listens."""
    assert admission.TRIES * PATIENCE < ASKED


def test_what_is_asked() -> None:
    """The console names household, cloud, owner and what follows, in words; a name moves no cursor."""
    where: dict[str, Any] = {
        "name": "Home\x1b[2J",
        "again": False,
        "cloud": CLOUD,
        "owner": "maya",
        "address": "m***@example.com",
    }
    stranger = leading(where | {"becomes": None, "alike": None})
    assert "maya (m***@example.com)" in stranger[0]
    assert "Nobody who owns this hub" in stranger[-1]
    assert "--owner NAME" in stranger[-1]
    assert "goes by the cloud's name and password" in leading(where | {"becomes": "mum", "alike": None})[-1]
    assert "--owner mum" in leading(where | {"becomes": None, "alike": "mum", "address": ""})[-1]
    assert "is signed out" in leading(where | {"becomes": None, "alike": None, "again": True})[-1]


async def test_a_household_that_shares_one_already(street: Street) -> None:
    """It is seen before it is enrolled anew, which signs everybody out."""
    hub = await joined(street)
    found = await looked(hub, await street.cloud.claim())
    assert (found.again, found.becomes, found.alike) == (True, None, None)


async def test_whoever_becomes_an_owner_of_the_cloud_goes_by_its_names(street: Street) -> None:
    """Called and reached otherwise at home, she keeps the username, address and profile that she has in the cloud."""
    hub, home = street.hubs[0], street.cloud.home
    async with hub.home.client() as client:
        await hub.home.own(client, "mum@example.com", "mum")
    async with bearer(home, (await signed_in(home, "maya")).json()) as maya:
        assert (await maya.patch("/auth/profile", json={"first_name": "Maya"})).status_code == 200
    async with bearer(hub.home, (await signed_in(hub.home, "mum")).json()) as mum:
        assert (await mum.patch("/auth/profile", json={"first_name": "Mum", "last_name": "Lind"})).status_code == 200
    said = await hub.sync.enrol(hub.tenant, CLOUD, await street.cloud.claim(), "mum")
    assert not isinstance(said, Refused), said
    await agree(street)
    for node, tenant in ((home, street.cloud.tenant), (hub.home, hub.tenant)):
        (row,) = await node.store.read(partial(users.every, tenant_id=tenant))
        assert (row.username, row.email, bool(row.email_proven)) == ("maya", "maya@example.com", True)
        assert (row.first_name, row.last_name) == ("Maya", "Lind")
    for name in ("maya", "maya@example.com"):
        async with hub.home.client() as client:
            known = {"email": name} if "@" in name else {"username": name}
            answer = await client.post("/auth/login", json=known | {"password": PASSWORD})
        assert answer.status_code == 200, name
