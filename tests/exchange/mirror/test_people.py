"""People and their sessions, on two hubs and in the cloud between them."""

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.storage.rebirth import begin_again
from tests.exchange.mirror.family import MAYA, alike, member, open_sessions, refused, rows, signed_in
from tests.exchange.mirror.nodes import World

OTHER = "Quiet-Harbour-77!"


async def test_an_owner_signs_in_at_every_node(family: World) -> None:
    """Whoever owns the household on one hub does so on the other and in the cloud, with the same password."""
    await alike(family)
    for node in (family.cloud, *family.hubs):
        client = await signed_in(node)
        assert (await client.get("/household")).json()["role"] == "owner"


async def test_what_was_adopted_is_not_told_again(family: World) -> None:
    """Adopting once more changes no row, and no node writes what it has from another."""
    one, other = family.hubs
    family.cloud.written = []
    await member(await signed_in(one), "noah")
    await family.meet()
    before, other.written = await rows(other), []
    await other.adopt(other.cells())
    assert await rows(other) == before
    assert (other.written, family.cloud.written) == ([], [])


async def test_a_person_disabled_elsewhere_is_refused_at_once(family: World) -> None:
    """Their access token and refresh token are no good any more on the hub that has just heard of it."""
    one, other = family.hubs
    maya = await signed_in(one)
    noah_id = await member(maya, "noah")
    await family.meet()
    noah = await signed_in(other, "noah")
    assert not (await noah.get("/auth/validate")).is_error
    assert (await maya.post(f"/household/members/{noah_id}/disable")).status_code in {200, 204}
    await family.meet(one, other)
    assert await refused(noah)
    assert (await other.home.login(other.home.client(), "noah")).status_code == 401
    await alike(family)


async def test_a_person_removed_elsewhere_is_gone(family: World) -> None:
    """Their row, their sessions and their place in the directory go; their name is free."""
    one, other = family.hubs
    maya = await signed_in(one)
    noah_id = await member(maya, "noah")
    await family.meet()
    noah = await signed_in(other, "noah")
    assert (await maya.delete(f"/household/members/{noah_id}")).status_code in {200, 204}
    await family.meet(one, other)
    assert await refused(noah)
    assert [row["username"] for row in await rows(other)] == ["maya"]
    await alike(family)


async def test_a_password_reset_elsewhere_ends_the_old_one(family: World) -> None:
    """The old password and what was signed in with it are no good on the other hub; the new one is."""
    one, other = family.hubs
    maya = await signed_in(other)
    await family.meet()
    token = await one.home.reset_token(one.home.client(), MAYA)
    answer = await one.home.client().post("/auth/password/reset", json={"reset_token": token, "new_password": OTHER})
    assert answer.status_code == 200, answer.text
    await family.meet(one, other)
    assert await refused(maya)
    assert (await other.home.login(other.home.client(), MAYA)).status_code == 401
    await signed_in(other, password=OTHER)
    await alike(family)


async def test_a_session_is_seen_and_ended_from_anywhere(family: World) -> None:
    """A session of one hub is listed on the other, and ended there it is refused here."""
    one, other = family.hubs
    here, there = await signed_in(one), await signed_in(other)
    await family.meet()
    listed = (await there.get("/auth/sessions")).json()
    mine = next(
        each["session_id"] for each in (await here.get("/auth/sessions")).json()["sessions"] if each["is_current"]
    )
    assert mine in str(listed)
    assert not (await there.delete(f"/auth/sessions/{mine}")).is_error
    await family.meet(other, one)
    assert await refused(here)
    assert not await refused(there)
    await alike(family)


async def test_a_session_that_has_expired_is_over_everywhere(family: World) -> None:
    """Its hub tells so, the next time that it looks at it."""
    one, other = family.hubs
    await signed_in(one)
    await family.meet()
    assert await open_sessions(one) <= await open_sessions(other)
    for node in (one, other, family.cloud):
        node.home.clock.advance(400 * DAY)
    await one.begin()
    await family.meet(one, other)
    assert await open_sessions(other) == set()


async def test_the_same_name_twice_becomes_two(family: World) -> None:
    """Of two people with one username, from hubs that couldn't hear each other, the later is suffixed everywhere."""
    one, other = family.hubs
    first, second = await member(await signed_in(one), "noah"), await member(await signed_in(other), "noah")
    await alike(family)
    names = {str(row["id"]): row["username"] for row in await rows(one)}
    assert names[first] == "noah"
    assert names[second].startswith("noah-")


async def test_names_change_hands(family: World) -> None:
    """Two people who swap their usernames between two meetings end with each other's on every node."""
    one, _ = family.hubs
    maya = await signed_in(one)
    await member(maya, "noah")
    await member(maya, "leo")
    await family.meet()
    noah, leo = await signed_in(one, "noah"), await signed_in(one, "leo")
    for client, name in ((noah, "spare"), (leo, "noah"), (noah, "leo")):
        assert not (await client.put("/auth/profile", json={"username": name})).is_error
    await alike(family)


async def test_a_lost_right_is_taken_back_where_it_was_used(family: World) -> None:
    """Two owners who demote each other at the same time: one stays the owner, on every node alike."""
    one, other = family.hubs
    maya = await signed_in(one)
    noah_id = await member(maya, "noah", "owner")
    await family.meet()
    noah = await signed_in(other, "noah")
    maya_id = (await maya.get("/auth/validate")).json()["user_id"]
    assert not (await maya.patch(f"/household/members/{noah_id}", json={"role": "adult"})).is_error
    assert not (await noah.patch(f"/household/members/{maya_id}", json={"role": "adult"})).is_error
    await alike(family)
    assert sorted(row["role"] for row in await rows(one)) in (["adult", "owner"], ["owner", "owner"])


async def test_a_right_that_somebody_gives_who_has_lost_it(family: World) -> None:
    """Where that hasn't been heard of yet: it stands nowhere once it is."""
    one, other = family.hubs
    maya = await signed_in(one)
    for name in ("noah", "leo"):
        await member(maya, name, "owner" if name == "noah" else "adult")
    await family.meet()
    maya_id = (await maya.get("/auth/validate")).json()["user_id"]
    (leo_id,) = [row["id"] for row in await rows(one) if row["username"] == "leo"]
    noah = await signed_in(other, "noah")
    assert not (await noah.patch(f"/household/members/{maya_id}", json={"role": "adult"})).is_error
    await family.meet(other)
    assert not (await maya.patch(f"/household/members/{leo_id}", json={"role": "owner"})).is_error
    await alike(family)
    assert {row["username"]: row["role"] for row in await rows(one)} == {
        "maya": "adult",
        "noah": "owner",
        "leo": "adult",
    }


async def test_a_restored_hub_ends_its_own_sessions_only(family: World) -> None:
    """A backup put back on one hub signs nobody out on the other."""
    one, other = family.hubs
    await signed_in(one)
    before = await open_sessions(other)
    await signed_in(other)
    mine = await open_sessions(other) - before
    await family.meet()
    await one.home.store.write(begin_again)
    assert await open_sessions(one) == mine
