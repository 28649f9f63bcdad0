"""What a stolen hub leaves behind: nothing looser than before, no owner shut out, and owners hear of the rest."""

from functools import partial
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.storage import tenants
from rex_auth_edge.sync.kinds import REVOKED, Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import State
from tests.exchange.conftest import Street
from tests.exchange.consoles import cloud
from tests.exchange.owners import barred, person, policy, removed, roles, said, sets
from tests.exchange.people import add, agree, joined, joined_beside, signed_in
from tests.exchange.street import Hub, bearer
from tests.exchange.thieves import Thief, says
from tests.hub import text_of


async def of_the_console(street: Street, hub: Hub, **asked: str) -> list[str]:
    """The cloud's console removes the hub as stolen: what it says of what is left."""
    done = await cloud(street).do(
        "sync_hubs.remove_hub", which=str(hub.id), stolen=True, household=str(street.cloud.tenant), **asked
    )
    return list(done["told"])


LOOSE = {"session_life": "3000d", "cloud_grants": "stand", "voice": "on", "shares": "profiles,passwords,sessions,audit"}
STRICT = {"session_life": "1h", "cloud_grants": "wait", "voice": False, "shares": ["passwords"]}


@pytest.mark.parametrize("since", ["30m", ""])
async def test_rules_that_it_has_loosened(street: Street, since: str) -> None:
    """They are strict again, in a later version, in the cloud and on the other hub; what it had set before stands."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await sets(hub.home, session_life="2d", voice="off", shares="passwords", idle_life="5d")
    await agree(street)
    street.clock.advance(2 * HOUR)
    await sets(hub.home, **LOOSE)
    await agree(street)
    before = await policy(street)
    assert before["session_life"] == LOOSE["session_life"]
    told = said(await removed(street, hub.id, stolen="true", **({"since": since} if since else {})))
    street.hubs.remove(hub)
    await agree(street)
    found = await policy(street)
    assert {name: found[name] for name in STRICT} == STRICT
    assert found["idle_life"] == ("5d" if since else "1h")
    assert found["version"] > before["version"]
    (rules,) = told["rules_reset_after_theft"]
    assert all(name in rules for name in STRICT)
    row = await beside.home.store.read(lambda conn: tenants.get(conn, beside.tenant))
    assert (row.session_life, bool(row.voice), row.shares) == (HOUR, False, "passwords")


@pytest.mark.parametrize("beside", [True, False])
async def test_rules_of_which_none_is_safe(street: Street, *, beside: bool) -> None:
    """Whose password stays at home is left, and owners are told; without any hub at home it stays there no longer."""
    hub = await joined(street)
    await add(street.cloud.home, "noah")
    if beside:
        await joined_beside(street)
    await agree(street)
    await sets(hub.home, passwords_home="noah", shares="profiles")
    await agree(street)
    assert (await signed_in(street.cloud.home, "maya")).status_code == 401, "the thief has barred everybody"
    told = await of_the_console(street, hub)
    found = await policy(street)
    assert (found["shares"], found["passwords_home"]) == (([], ("noah",)) if beside else (["passwords"], ()))
    left = [each for each in told if each.startswith("A stolen hub had changed rules")]
    assert ["passwords_home" in each for each in left] == ([True] if beside else [])
    assert [each for each in told if "strict" in each and "shares" in each]


async def test_an_address_that_it_has_given(street: Street) -> None:
    """No link goes there, by which its thief would set the password that has to be set anew."""
    await add(street.cloud.home, "noah", "owner")
    hub = await joined(street)
    await says(hub, "noah", email="thief@example.org")
    await agree(street)
    home = street.cloud.home
    async with home.client() as client:
        await client.post("/auth/password/forgot", json={"email": "thief@example.org"})
        before = len(await home.mail("thief@example.org"))
        told = said(await removed(street, hub.id, stolen="true", since="30m"))
        await client.post("/auth/password/forgot", json={"email": "thief@example.org"})
    assert (before, len(await home.mail("thief@example.org"))) == (1, 1)
    assert told["reset_after_theft"] == ["What a stolen hub had done to noah was taken back: the e-mail address."]


async def test_an_address_in_place_of_another(street: Street) -> None:
    """Who had one has it again, also who removes the hub: the link by which they set a password goes there alone."""
    hub, home = await joined(street), street.cloud.home
    street.clock.advance(2 * HOUR)
    await says(hub, "maya", email="thief@example.org")
    await agree(street)
    told = said(await removed(street, hub.id, stolen="true", since="30m"))
    assert told["reset_after_theft"] == ["What a stolen hub had done to maya was taken back: the e-mail address."]
    before = {address: len(await home.mail(address)) for address in ("maya@example.com", "thief@example.org")}
    async with home.client() as client:
        for address in before:
            await client.post("/auth/password/forgot", json={"email": address})
    after = {address: len(await home.mail(address)) for address in before}
    assert after == before | {"maya@example.com": before["maya@example.com"] + 1}


async def test_a_link_that_was_mailed_there_before(street: Street) -> None:
    """The owner thinks again, and says an earlier time: what the thief has in his mail is good for nothing."""
    await add(street.cloud.home, "noah", "owner")
    hub, home = await joined(street), street.cloud.home
    street.clock.advance(HOUR)
    await says(hub, "noah", email="thief@example.org")
    await agree(street)
    street.clock.advance(2 * HOUR)
    await of_the_console(street, hub, since="30m")
    async with home.client() as client:
        await client.post("/auth/password/forgot", json={"email": "thief@example.org"})
        (letter,) = [each for each in await home.mail("thief@example.org") if "token=" in text_of(each)]
        token = text_of(letter).partition("token=")[2].split()[0]
        assert (await client.get("/auth/password/reset/validate", params={"token": token})).status_code == 200
        await of_the_console(street, hub, since="2h")
        body = {"reset_token": token, "new_password": "Harbour-Lamp-77!"}
        assert (await client.post("/auth/password/reset", json=body)).status_code == 400


async def banned_and_barred(street: Street, hub: Hub, name: str) -> Thief:
    """The thief has the hub ban somebody for good, and disable them."""
    thief, user = Thief(hub), await person(street, name)
    for kind, what in ((Kind.BAN, ["unknown", None, 1]), (Kind.DISABLED, "disabled")):
        assert await thief.push(kind, user, partial(Pen.mark, what=what)) == "taken"
    return thief


@pytest.mark.parametrize(
    ("since", "role", "after"),
    [
        ("30m", "owner", (False, False)),
        ("", "owner", (True, False)),
        ("30m", "adult", (True, True)),
    ],
)
async def test_whom_it_has_shut_out(street: Street, since: str, role: str, after: tuple[bool, bool]) -> None:
    """An owner comes in again, but for where nobody said since when: then it may have been an owner at home.

    Of others owners are told, in the answer and until they clear it away.
    """
    await add(street.cloud.home, "noah", role)
    hub = await joined(street)
    street.clock.advance(2 * HOUR)
    await banned_and_barred(street, hub, "noah")
    assert await barred(street, "noah") == (True, True)
    answer = await removed(street, hub.id, stolen="true", **({"since": since} if since else {}))
    assert await barred(street, "noah") == after
    words = [*(["a ban"] if after[1] else []), *(["that they may not sign in"] if after[0] else [])]
    left = [each for each in said(answer).get("left_by_stolen_hub", []) if "noah" in each]
    assert left == (
        [f"What a stolen hub had done to noah still stands: {', '.join(words)}. Look whether that is right."]
        if words
        else []
    )
    assert ("reset_after_theft" in said(answer)) == (role == "owner")
    shown = await cloud(street).do("sync.reviews", household=str(street.cloud.tenant))
    assert set(left) <= {each["says"] for each in shown["told"]}


@pytest.mark.parametrize("since", ["30m", ""])
async def test_whom_it_has_let_sign_in_again(street: Street, since: str) -> None:
    """Who was disabled in the cloud is so again, and owners hear of it."""
    await add(street.cloud.home, "noah")
    hub, noah = await joined(street), await person(street, "noah")
    async with await street.cloud.owner() as owner:
        assert (await owner.post(f"/household/members/{UUID(bytes=noah)}/disable")).status_code == 200
    await agree(street)
    street.clock.advance(2 * HOUR)
    assert await Thief(hub).push(Kind.DISABLED, noah, partial(Pen.lift, lane=Lane.SECURITY)) == "taken"
    assert await barred(street, "noah") == (False, False)
    told = said(await removed(street, hub.id, stolen="true", **({"since": since} if since else {})))
    assert await barred(street, "noah") == (True, False)
    assert told["reset_after_theft"] == [
        "What a stolen hub had done to noah was taken back: that they may sign in again."
    ]


async def test_a_thief_who_is_the_only_owner_left(street: Street) -> None:
    """He has made himself one and disabled the others: they are in again, and he is out, by the console's word."""
    hub = await joined(street)
    await add(hub.home, "mallory", "owner")
    await agree(street)
    await banned_and_barred(street, hub, "maya")
    assert await barred(street, "maya") == (True, True)
    told = await of_the_console(street, hub)
    assert await roles(street) == {"maya": "owner"}
    assert await barred(street, "maya") == (False, False)
    assert "What a stolen hub had done to maya was taken back: a ban, that they may not sign in." in told


async def test_what_it_has_told_of_people(street: Street) -> None:
    """Names, profiles, passwords, roles, and who was deleted: a sentence about each person, who hears of it as well."""
    for name in ("noah", "leo", "zoe"):
        await add(street.cloud.home, name)
    hub = await joined(street)
    street.clock.advance(2 * HOUR)
    async with bearer(hub.home, (await signed_in(hub.home, "noah")).json()) as noah:
        assert (await noah.patch("/auth/profile", json={"username": "ark", "first_name": "N"})).status_code == 200
    thief_at_home = (await signed_in(hub.home, "maya")).json()
    async with bearer(hub.home, thief_at_home) as owner:
        listed = (await owner.get("/household/members")).json()["members"]
        ids = {each["username"]: each["user_id"] for each in listed}
        assert (await owner.delete(f"/household/members/{ids['zoe']}")).status_code == 200
        assert (await owner.patch(f"/household/members/{ids['leo']}", json={"role": "owner"})).status_code == 200
    await agree(street)
    told = said(await removed(street, hub.id, stolen="true", since="30m"))
    assert sorted(told["left_by_stolen_hub"]) == [
        "What a stolen hub had done to ark still stands: the username, the profile. Look whether that is right.",
        "What a stolen hub had done to zoe still stands: that they are deleted. Look whether that is right.",
    ]
    assert told["reset_after_theft"] == ["What a stolen hub had done to leo was taken back: the role."]
    assert await roles(street) == {"maya": "owner", "ark": "adult", "leo": "adult"}


async def test_what_it_has_ended_or_closed_for_good(street: Street) -> None:
    """Another hub, and whom nobody lets in by a rule of tomorrow's: owners are told of each what to do."""
    await add(street.cloud.home, "noah")
    hub, beside = await joined(street), await joined_beside(street)
    await agree(street)
    street.clock.advance(2 * HOUR)
    thief = Thief(hub)
    assert await thief.push(Kind.HUB, beside.id.bytes, partial(Pen.climb, step=REVOKED)) == "taken"
    assert await thief.push("newer", await person(street, "noah"), lambda _: State(needs=("tomorrow's",))) == "taken"
    told = said(await removed(street, hub.id, stolen="true", since="30m"))["left_by_stolen_hub"]
    assert ["noah still stands: a rule that no program here knows" in each for each in told] == [True, False]
    assert ["still stands: that it is removed: add or enrol it anew" in each for each in told] == [False, True]


async def test_a_hub_that_was_only_removed(street: Street) -> None:
    """Nothing is taken back, and nothing told."""
    hub = await joined(street)
    await sets(hub.home, session_life="3000d")
    await agree(street)
    assert said(await removed(street, hub.id)) == {}
    assert (await policy(street))["session_life"] == "3000d"


async def test_a_hub_that_ends_itself(street: Street) -> None:
    """Its thief has it removed before he is told of: the owner still says since when."""
    hub = await joined(street)
    await sets(hub.home, cloud_grants="stand")
    await agree(street)
    thief = Thief(hub)
    assert await thief.push(Kind.HUB, thief.talk.household.me.id, partial(Pen.climb, step=REVOKED)) == "taken"
    told = said(await removed(street, hub.id, stolen="true", since="30m"))
    assert "cloud_grants" in told["rules_reset_after_theft"][0]
