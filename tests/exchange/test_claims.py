"""Letting hubs in and out: by whom, with what code, how often, and nothing of another household's by any of it."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.cloud import claims, enrolling
from rex_auth_edge.exchange.messages import LONGEST_NAME, Enrol
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.storage import sessions, tenants, users
from rex_auth_edge.sync.bodies import NEWEST, OLDEST
from rex_auth_edge.sync.kinds import REVOKED, Kind
from tests.exchange.conftest import Street
from tests.exchange.owners import removed
from tests.exchange.people import add, agree, joined, joined_beside, members, signed_in
from tests.exchange.street import CLOUD, bearer, sign_up
from tests.exchange.thieves import Thief
from tests.hub import PASSWORD, Household
from tests.tenancy.rows import kept

HUBS = "/household/hubs"


async def enrolled(street: Street, code: str, number: int = 0) -> str:
    """What comes of typing the code at a hub: a refusal's reason, or nothing."""
    hub = street.hubs[number]
    said = await hub.sync.enrol(hub.tenant, CLOUD, code)
    return said.fields.get("cloud", said.code) if isinstance(said, Refused) else ""


async def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(street: Street) -> None:
    """For one hub and one key of its; written as a person types it; and made up ones are none."""
    assert await enrolled(street, "0000-0000-0000-0000-0000-0000-00") == "invalid_claim_code"
    late = await street.cloud.claim()
    street.clock.advance(15 * MINUTE)
    assert await enrolled(street, late) == "invalid_claim_code"
    await street.hub("hub1", 1)
    code = await street.cloud.claim()
    assert await enrolled(street, f" {code.lower().replace('-', ' ')} ") == ""
    assert await enrolled(street, code, 1) == "invalid_claim_code"
    assert await enrolled(street, code) == "invalid_claim_code", "who comes again by this name has another key"
    street.clock.advance(30 * MINUTE + 1)
    await claims.forget(street.cloud.home.hub.parts)
    rows = await kept(street.cloud.home.store)
    assert rows["sync_claims"] == []


async def test_how_many(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten codes wait for a hub at most, the newest; a household has so many hubs and no more, until one is removed."""
    async with await street.cloud.owner() as owner:
        codes = [(await owner.post(f"{HUBS}/claims")).json()["code"] for _ in range(11)]
        assert await enrolled(street, codes[0]) == "invalid_claim_code"
        assert await enrolled(street, codes[1]) == ""
        rows = await kept(street.cloud.home.store)
        assert len(rows["sync_claims"]) == 10
        assert [row["actor_id"] is None for row in rows["audit"] if row["event"] == "hub.enrolled"] == [False]
        monkeypatch.setattr(enrolling, "MOST_HUBS", 1)
        await street.hub("hub1", 1)
        assert await enrolled(street, codes[2], 1) == "too_many_hubs"
        assert await enrolled(street, codes[3]) == "", "it is one of them, whoever lets it in anew"
        (first,) = (await owner.get(HUBS)).json()["hubs"]
        assert (await owner.delete(f"{HUBS}/{first['id']}")).status_code == 200
    assert await enrolled(street, codes[2], 1) == ""


async def test_one_of_two_gets_in(street: Street) -> None:
    """Two hubs with one code at once: one is let in, whichever it is."""
    await street.hub("hub1", 1)
    code = await street.cloud.claim()
    assert sorted(await asyncio.gather(*(enrolled(street, code, number) for number in range(2)))) == [
        "",
        "invalid_claim_code",
    ]


@pytest.mark.parametrize("lost", [1, 2])
async def test_an_enrolment_whose_answer_is_lost(street: Street, lost: int) -> None:
    """The hub asks again with the same code and key, and is let in."""
    hub = street.hubs[0]
    hub.line.heard, hub.line.deaf = 1, lost  # the first answer is a nonce
    await hub.enrol(street.cloud)
    await agree(street)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"newest": OLDEST - 1}, Code.VERSION_NOT_SPOKEN),
        ({"oldest": NEWEST + 1, "newest": NEWEST + 2}, Code.VERSION_NOT_SPOKEN),
        ({"name": "h" * (LONGEST_NAME + 1)}, Code.BAD_REQUEST),
        ({"name": "two\nlines"}, Code.BAD_REQUEST),
        ({"hub": b"short"}, Code.BAD_REQUEST),
    ],
)
async def test_a_hub_that_cannot_be_let_in(street: Street, said: dict[str, Any], why: Code) -> None:
    """It speaks no version in common, or is none: the code stays good for another."""
    code, parts = await street.cloud.claim(), street.cloud.home.hub.parts
    answer = await enrolling.enrolled(parts, Enrol(**{"code": code, "hub": b"a hub of somebody"[:16]} | said), b"key")
    assert isinstance(answer, Refused)
    assert answer.code is why
    assert await enrolled(street, code) == ""


async def test_a_code_dies_with_its_owners_right(street: Street) -> None:
    """Whoever made it and is no owner any more lets nobody in."""
    hub = await joined(street)
    home = street.cloud.home
    await add(hub.home, "noah", "owner")
    await agree(street)
    noah = (await signed_in(home, "noah")).json()
    async with bearer(home, noah) as owner:
        answer = await owner.post(f"{HUBS}/claims")
        assert answer.status_code == 200, answer.text
        code = answer.json()["code"]
    async with await street.cloud.owner() as owner:
        answer = await owner.patch(f"/household/members/{noah['user_id']}", json={"role": "adult"})
        assert answer.status_code == 200, answer.text
    await street.hub("hub1", 1)
    assert await enrolled(street, code, 1) == "invalid_claim_code"


async def test_who_may(street: Street) -> None:
    """Owners with a fresh sign-in let hubs in and out; adults see them; children and guests don't."""
    hub = await joined(street)
    home = street.cloud.home
    for role in ("adult", "child", "guest"):
        await add(hub.home, role, role)
    await agree(street)
    node = hub.id
    for role, sees in (("adult", 200), ("child", 403), ("guest", 403)):
        async with bearer(home, (await signed_in(home, role)).json()) as client:
            assert (await client.get(HUBS)).status_code == sees
            for answer in (await client.post(f"{HUBS}/claims"), await client.delete(f"{HUBS}/{node}")):
                assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    async with await street.cloud.owner() as owner:
        street.clock.advance(9 * MINUTE)
        assert (await owner.post(f"{HUBS}/claims")).status_code == 200
        street.clock.advance(MINUTE)
        for answer in (await owner.post(f"{HUBS}/claims"), await owner.delete(f"{HUBS}/{node}")):
            assert answer.status_code in {401, 403}
        assert answer.json()["code"] in {"fresh_sign_in_required", "token_expired"}


async def test_another_households_hubs(street: Street) -> None:
    """Nobody sees, removes or lets in hubs of a household that isn't theirs."""
    hub = await joined(street)
    await agree(street)
    home = street.cloud.home
    node = hub.id
    async with home.client("192.168.9.1") as client:
        stranger = await sign_up(home, client, "zoe@example.net", "zoe")
    assert stranger["tenant_id"] != str(street.cloud.tenant)
    before = await kept(home.store, street.cloud.tenant)
    async with bearer(home, stranger) as client:
        assert (await client.get(HUBS)).json() == {"hubs": []}
        for name in (str(node), str(UUID(int=1)), "nothing"):
            assert (await client.delete(f"{HUBS}/{name}")).status_code == 404
        code = (await client.post(f"{HUBS}/claims")).json()["code"]
    assert await kept(home.store, street.cloud.tenant) == before
    said = await hub.sync.enrol(hub.tenant, CLOUD, code)
    assert isinstance(said, Refused)
    assert said.code == "already_enrolled"
    assert "zoe" not in await members(hub.home)
    assert (await hub.meet()).trouble is None


async def test_a_hub_that_another_one_says_is_removed(street: Street) -> None:
    """Whoever closes the door is believed: its keys end, as if an owner had done it in the cloud."""
    hub = await joined(street)
    beside = await joined_beside(street)
    node = beside.id
    assert await Thief(hub).push(Kind.HUB, node.bytes, lambda pen: pen.climb(REVOKED)) == "taken"
    assert (await beside.meet()).trouble == "removed"
    async with await street.cloud.owner() as owner:
        listed = (await owner.get(HUBS)).json()["hubs"]
    assert [each["state"] for each in listed if each["id"] == str(node)] == ["removed"]


async def test_what_a_removed_hub_has_begun_is_open_nowhere(street: Street) -> None:
    """Neither the cloud nor another hub lists its sessions any more."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await add(hub.home, "noah")
    await signed_in(hub.home, "noah")
    await agree(street)

    async def open_at(home: Household, tenant_id: UUID) -> int:
        noah = await home.store.read(lambda conn: users.by_username(conn, tenant_id, "noah"))
        return len(await home.store.read(lambda conn: sessions.open_of(conn, tenant_id, noah.id)))

    places = ((street.cloud.home, street.cloud.tenant), (beside.home, beside.tenant))
    assert [await open_at(*place) for place in places] == [1, 1]
    assert (await removed(street, hub.id)).status_code == 200
    street.hubs.remove(hub)
    await agree(street)
    assert [await open_at(*place) for place in places] == [0, 0]


async def test_a_stolen_hub(street: Street) -> None:
    """What it has let in goes, and everybody whose password it could check sets a new one."""
    hub = await joined(street)
    await add(hub.home, "noah", "owner")
    await agree(street)
    home = street.cloud.home
    node = hub.id
    async with await street.cloud.owner() as owner:
        assert (await owner.delete(f"{HUBS}/{node}?stolen=true")).status_code == 200
    assert "noah" not in await members(home)
    assert (await signed_in(home, "maya")).status_code == 401, "a password that it held is to be set anew"


async def test_as_somebody_else(street: Street) -> None:
    """The owner here may go by another name and address than there: then they say which one they are."""
    hub = street.hubs[0]
    async with hub.home.client() as client:
        await hub.home.own(client, "m@home.example", "mum")
    refused = await hub.sync.enrol(hub.tenant, CLOUD, await street.cloud.claim(), "nobody")
    assert isinstance(refused, Refused)
    assert hub.line.asked == [], "the code is still good"
    await hub.enrol(street.cloud, as_="mum")
    await agree(street)
    assert len(await members(hub.home)) == len(await members(street.cloud.home)) == 1
    for home in (hub.home, street.cloud.home):
        found = await members(home)
        assert (await signed_in(home, found.pop(), PASSWORD)).status_code == 200


async def test_the_console_says_whose(street: Street) -> None:
    """The cloud's console makes codes as well, for an owner whom it names."""
    parts, tenant = street.cloud.home.hub.parts, street.cloud.tenant
    console = Actor.console(tenant)
    async with await street.cloud.owner() as owner:
        maya = UUID((await owner.get("/household/members")).json()["members"][0]["user_id"])
    assert isinstance(await claims.make(parts, console), Refused)
    assert isinstance(await claims.make(parts, console, UUID(int=5)), Refused)
    await add(street.cloud.home, "noah", "adult")
    noah = await street.cloud.home.store.read(lambda conn: users.by_username(conn, tenant, "noah"))
    assert isinstance(await claims.make(parts, console, noah.id), Refused)
    made = await claims.make(parts, console, maya)
    assert not isinstance(made, Refused)
    assert made.code not in repr(made)
    assert await enrolled(street, made.code) == ""


async def test_a_stolen_hub_raises_nobody_and_lowers_nobody(street: Street) -> None:
    """Whom others have made an owner as well stays one, whoever of the owners removes the hub."""
    home = street.cloud.home
    await add(home, "noah", "owner")
    await joined(street)
    node = street.hubs[0].id
    async with bearer(home, (await signed_in(home, "noah")).json()) as noah:
        assert (await noah.delete(f"{HUBS}/{node}?stolen=true")).status_code == 200
        found = (await noah.get("/household/members")).json()["members"]
    assert {each["username"]: each["role"] for each in found} == {"maya": "owner", "noah": "owner"}


async def test_nothing_is_left_of_a_code_whose_time_is_over(street: Street) -> None:
    """Neither its row nor that it led anywhere."""
    parts = street.cloud.home.hub.parts
    hashed = claims.code_hash(parts, await street.cloud.claim())
    found = partial(tenants.whereabouts, address_hash=hashed)
    assert await parts.store.read(found) == [street.cloud.tenant]
    street.clock.advance(30 * MINUTE + 1)
    await claims.forget(parts)
    assert await parts.store.read(found) == []
    assert (await kept(street.cloud.home.store))["sync_claims"] == []
