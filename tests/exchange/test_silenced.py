"""What the cloud tells of a hub, that hub's thief can neither end, nor have read, nor say otherwise."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.storage import tenants, users
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.order import Lane, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import State
from rex_auth_edge.sync.wire import pack_state
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside, letters, noticed, signed_in
from tests.exchange.street import bearer
from tests.exchange.thieves import ELSEWHERE, Thief, lost
from tests.hub import PASSWORD, Household


async def maya(street: Street) -> bytes:
    """Her id."""
    home = street.cloud.home
    found: UUID = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))).id
    return found.bytes


async def told(street: Street) -> dict[str, bytes]:
    """What the cloud tells its owners of hubs: the notices' ids by their codes."""
    async with await street.cloud.owner() as owner:
        found = (await owner.get("/household/sync/reviews")).json()["notices"]
    return {each["code"]: bytes.fromhex(each["id"].replace("-", "")) for each in found}


async def test_a_notice_that_is_ended_before_there_is_one(street: Street) -> None:
    """A hub knows the cloud's id and its next place; what a notice at that place will be called it doesn't."""
    hub = await joined(street)
    thief = Thief(hub)
    at = thief.talk.household.me.told
    node = street.cloud.id
    for seq in range(at.seq, at.seq + 40):
        guess = hashlib.blake2b(repr((node, at.epoch, seq)).encode(), digest_size=16).digest()
        assert await thief.push(Kind.NOTICE, guess, partial(Pen.climb, step=REVOKED)) == "taken"
        if seq == at.seq + 10:
            assert await thief.push(Kind.EMAIL, await maya(street), partial(Pen.put, **ELSEWHERE)) == "taken"
    assert "address_by_hub" in await told(street)


async def test_a_notice_that_its_hub_would_end(street: Street) -> None:
    """Nor would it be of use to call it read, of somebody else, or of another matter. The cloud's owners clear it."""
    hub = await joined(street)
    thief = Thief(hub)
    assert await thief.push(Kind.EMAIL, await maya(street), partial(Pen.put, **ELSEWHERE)) == "taken"
    subject = (await told(street))["address_by_hub"]
    for make in (
        partial(Pen.climb, step=REVOKED),
        partial(Pen.put, read=True),
        partial(Pen.put, about=b"somebody else...", code="x", by_hub=b"another hub....."),
    ):
        assert await thief.push(Kind.NOTICE, subject, make) == "taken"
    ended = Pen(Tag(thief.talk.household.me.id, 1, 1), thief.talk.household.me.whole).climb(REVOKED)
    await lost(thief, Kind.NOTICE, subject, ended)
    assert (await told(street))["address_by_hub"] == subject
    assert await noticed(street.cloud.home, "maya") == ["address_by_hub"]
    async with await street.cloud.owner() as owner:
        assert (await owner.delete(f"/household/sync/notices/{subject.hex()}")).status_code == 200
    assert "address_by_hub" not in await told(street)


async def test_an_address_in_the_clouds_name(street: Street) -> None:
    """A hub that says a restored cloud has forgotten what that itself had written isn't believed in any field."""
    hub, home = await joined(street), street.cloud.home
    thief, node = Thief(hub), home.store.node.id.bytes
    faked = Pen(Tag(node, 1, 1), thief.talk.household.me.whole).climb(REVOKED, **ELSEWHERE)
    await lost(thief, Kind.EMAIL, await maya(street), faked)
    found = await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))
    assert found.email == "maya@example.com"


async def test_where_it_was_done_it_is_not_shown(street: Street) -> None:
    """At a hub nobody is told of that hub's acts; another hub shows them, and owners clear them there as well."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await add(hub.home, "noah", "owner")
    await agree(street)

    async def shown(home: Household) -> list[str]:
        async with bearer(home, (await signed_in(home, "maya")).json()) as owner:
            found = (await owner.get("/household/sync/reviews")).json()["notices"]
        return [each["id"] for each in found if each["code"] == "owner_by_hub"]

    assert await shown(hub.home) == []
    (named,) = await shown(beside.home)
    async with bearer(beside.home, (await signed_in(beside.home, "maya")).json()) as owner:
        assert (await owner.delete(f"/household/sync/notices/{named}")).status_code == 200
    await agree(street)
    assert "owner_by_hub" not in await told(street)


async def test_what_waits_is_what_an_owner_sees(street: Street) -> None:
    """No hub puts something else in the place of what waits in the cloud; that an owner has decided it may say."""
    hub = await joined(street)
    await add(hub.home, "noah")
    await agree(street)
    home, tenant = street.cloud.home, street.cloud.tenant
    noah = (await home.store.read(lambda conn: users.by_username(conn, tenant, "noah"))).id
    async with await street.cloud.owner() as owner:
        await owner.post("/auth/reauthenticate", json={"password": PASSWORD})
        await owner.patch(f"/household/members/{noah}", json={"role": "owner"})
        (waits,) = (await owner.get("/household/sync/reviews")).json()["reviews"]
        assert waits["what"] == "Make noah owner"
        thief, subject = Thief(hub), bytes.fromhex(waits["id"].replace("-", ""))
        other: dict[str, Any] = {"kind": Kind.DISABLED.value, "state": pack_state(State()), "why": "x"}
        assert await thief.push(Kind.REVIEW, subject, partial(Pen.put, **other)) == "taken"
        assert (await owner.get("/household/sync/reviews")).json()["reviews"] == [waits]
        assert await thief.push(Kind.REVIEW, subject, partial(Pen.climb, step=REVOKED, decided="dismissed")) == "taken"
        assert (await owner.get("/household/sync/reviews")).json()["reviews"] == []


async def test_an_owner_by_what_a_hub_has_lifted(street: Street) -> None:
    """The letter comes with the notice, also where the role that counts then was once given in the cloud."""
    hub = await joined(street)
    home, tenant, address = street.cloud.home, street.cloud.tenant, "noah@example.com"
    await add(hub.home, "noah")
    await agree(street)
    noah = (await home.store.read(lambda conn: users.by_username(conn, tenant, "noah"))).id
    proven = {"email": address, "email_key": address, "email_proven": True}
    await home.store.write(lambda tx: users.change(tx, tenant, noah, **proven))
    hashed = home.hub.parts.address_hash(address)
    await home.store.write(lambda tx: tenants.list_in_directory(tx, hashed, tenant))
    await agree(street)
    thief = Thief(hub)
    assert await thief.push(Kind.POLICY, HOUSEHOLD, partial(Pen.put, cloud_grants="stand")) == "taken"
    async with await street.cloud.owner() as owner:
        await owner.post("/auth/reauthenticate", json={"password": PASSWORD})
        assert (await owner.patch(f"/household/members/{noah}", json={"role": "owner"})).status_code == 200
    assert await thief.push(Kind.ROLE, noah.bytes, lambda pen: State(marks=pen.role("adult").marks)) == "taken"
    assert ["own the household no longer" in each for each in await letters(home, address)] == [True]
    lifted = partial(Pen.lift, lane=Lane.AUDIT)
    assert await thief.push(Kind.ROLE, noah.bytes, lambda pen: State(own=lifted(pen).own)) == "taken"
    assert ["you are an owner" in each for each in await letters(home, address)] == [False, True]


ENDS: list[tuple[str, Callable[[Pen], State]]] = [
    (Kind.USER, partial(Pen.climb, step=REVOKED)),
    (Kind.DISABLED, partial(Pen.mark, what="disabled")),
    (Kind.ROLE, partial(Pen.role, role="guest")),
    ("newer", lambda _: State(needs=("a rule of tomorrow",))),
]


@pytest.mark.parametrize(("kind", "make"), ENDS)
async def test_a_hub_that_takes_the_household(street: Street, kind: str, make: Callable[[Pen], State]) -> None:
    """Whoever was its owner gets a letter, and the owner whom the hub has made finds that of both told."""
    hub = await joined(street)
    await add(hub.home, "noah")
    await agree(street)
    home, thief = street.cloud.home, Thief(hub)
    noah = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "noah"))).id.bytes
    assert await thief.push(Kind.ROLE, noah, partial(Pen.role, role="owner")) == "taken"
    assert await letters(home, "maya@example.com") == []
    assert await thief.push(kind, await maya(street), make) == "taken"
    (letter,) = await letters(home, "maya@example.com")
    assert "you own the household no longer, or may no longer sign in to it" in letter
    async with bearer(home, (await signed_in(home, "noah")).json()) as owner:
        found = (await owner.get("/household/sync/reviews")).json()["notices"]
    assert {"owner_by_hub", "owner_ended_by_hub"} <= {each["code"] for each in found}


UNSETS: list[tuple[str, Callable[[Pen], State]]] = [
    (Kind.PASSWORD, lambda pen: State(resets=pen.reset(b"").resets)),
    (Kind.PASSWORD_DUE, partial(Pen.mark, what="renew_password")),
]


@pytest.mark.parametrize(("kind", "make"), UNSETS)
async def test_a_password_that_is_good_no_longer(street: Street, kind: str, make: Callable[[Pen], State]) -> None:
    """Whoever can't sign in any more by what a hub says, which sets no other password, gets the letter all the same."""
    hub, home = await joined(street), street.cloud.home
    assert await Thief(hub).push(kind, await maya(street), make) == "taken"
    assert (await signed_in(home, "maya")).status_code == 401
    assert ["your password is another one" in each for each in await letters(home, "maya@example.com")] == [True]


async def test_a_hub_that_would_pass_for_another(street: Street) -> None:
    """None names itself or another, nor says whom to distrust; that it has ended another the cloud tells."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await agree(street)
    thief, other = Thief(hub), Thief(beside).talk.household.me.id
    for subject in (thief.talk.household.me.id, other):
        assert await thief.push(Kind.HUB, subject, partial(Pen.put, name="the other one")) == "taken"
    assert await thief.push(Kind.HUB, other, partial(Pen.climb, step=REVOKED, distrust=[0, 0])) == "taken"
    async with await street.cloud.owner() as owner:
        hubs = (await owner.get("/household/hubs")).json()["hubs"]
        known = (await owner.get("/household/members")).json()["members"]
    assert "the other one" not in {each["name"] for each in hubs}
    assert {each["username"] for each in known} == {"maya"}
    assert "hub_ended_by_hub" in await told(street)
