"""The household's policy, invitations, devices and log, on two hubs and in the cloud between them."""

from typing import Any

import sqlalchemy as sa

from rex_auth_edge.storage import chains, tenants
from rex_auth_edge.storage.chains import Place
from rex_auth_edge.storage.tables import audit
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.state import Cell
from tests.devices.machines import joined
from tests.exchange.mirror.family import alike, member, open_sessions, rows, signed_in
from tests.exchange.mirror.nodes import Node, World
from tests.exchange.mirror.things import acting, acts_for_noah, kinds, states
from tests.voice.speaking import VOICE, act


async def policy(node: Node) -> dict[str, Any]:
    """The household's row, but for what is the node's own."""
    row = await node.home.store.read(lambda conn: tenants.get(conn, node.tenant))
    return {name: value for name, value in row._asdict().items() if name in {"name", "session_life", "shares", "voice"}}


async def test_a_policy_is_everybodys(family: World) -> None:
    """What an owner sets on one hub holds on all nodes, and two owners' changes of different things stand both."""
    one, other = family.hubs
    await family.meet()
    here, there = await signed_in(one), await signed_in(other)
    assert not (await here.patch("/household", json={"name": "Seaside"})).is_error
    assert not (await here.patch("/household/policy", json={"session_life": "7d"})).is_error
    assert not (await there.patch("/household/policy", json={"voice": "off"})).is_error
    await alike(family)
    assert [await policy(node) for node in family.hubs] == [await policy(family.cloud)] * 2
    found = await policy(other)
    assert (found["name"], found["voice"], found["session_life"]) == ("Seaside", False, 7 * 86_400_000)


async def test_what_stays_at_home_isnt_told(family: World) -> None:
    """Profiles, the log, and where sessions are, if that isn't shared; and a meeting takes nothing away from them."""
    one, _ = family.hubs
    maya = await signed_in(one)
    assert not (await maya.patch("/household/policy", json={"shares": "passwords"})).is_error
    await family.meet()
    before = await open_sessions(one)
    await signed_in(one)
    assert not (await maya.patch("/auth/profile", json={"first_name": "Maya", "phone_number": "0123"})).is_error
    await family.meet()
    assert [row["first_name"] for node in (one, family.cloud) for row in await rows(node)] == ["Maya", None]
    assert [await node.differences() for node in (one, family.cloud)] == [[], []]
    logged = await family.cloud.home.store.read(lambda conn: conn.execute(sa.select(audit.c.event)).scalars().all())
    assert "profile.change" not in logged
    (session,) = await open_sessions(one) - before
    told = family.cloud.house.state(Cell(Kind.SESSION, session.bytes))
    assert told.fields.keys() == {"user"}


async def test_an_invitation_is_revoked_from_anywhere(family: World) -> None:
    """One made on one hub is listed on the other; revoked there, its code is good no more here."""
    one, other = family.hubs
    made = (await (await signed_in(one)).post("/household/invites", json={"role": "adult", "name": "Leo"})).json()
    await family.meet()
    listed = await states(other)
    assert len(listed) == 1
    assert not (await (await signed_in(other)).delete(f"/household/invites/{listed[0][0]}")).is_error
    await alike(family)
    assert [await states(node) for node in family.hubs] == [await states(family.cloud)] * 2
    body = {"email": "leo@example.com", "password": "Zebra-River-42!", "invite": made["code"]}
    assert (await one.home.client().post("/auth/register/initiate", json=body)).is_error


async def test_whoever_was_invited_is_in_everywhere(family: World) -> None:
    """A person who joins by an invitation has the role that it says on every node, and the invitation is used."""
    one, _ = family.hubs
    made = (await (await signed_in(one)).post("/household/invites", json={"role": "adult", "name": "Leo"})).json()
    client = one.home.client()
    body = {"email": "leo@example.com", "password": "Zebra-River-42!", "invite": made["code"], "username": "leo"}
    begun = (await client.post("/auth/register/initiate", json=body)).json()
    code = await one.home.code("leo@example.com")
    proof = {"email": "leo@example.com", "otp": code, "temp_token": begun["temp_token"]}
    assert not (await client.post("/auth/register/verify", json=proof)).is_error
    await alike(family)
    assert [await states(node) for node in family.hubs] == [await states(family.cloud)] * 2
    assert {row["username"]: row["role"] for row in await rows(family.cloud)} == {"maya": "owner", "leo": "adult"}
    assert (await states(one))[0][3] is not None


async def test_an_invitation_that_was_used_here_and_revoked_there(family: World) -> None:
    """Revoked is what counts on all nodes; whoever had come by it stays, until somebody says otherwise."""
    one, other = family.hubs
    made = (await (await signed_in(one)).post("/household/invites", json={"role": "adult", "name": "Leo"})).json()
    await family.meet()
    client, body = one.home.client(), {"email": "leo@example.com", "password": "Zebra-River-42!", "username": "leo"}
    begun = (await client.post("/auth/register/initiate", json=body | {"invite": made["code"]})).json()
    proof = {"email": "leo@example.com", "otp": await one.home.code("leo@example.com"), **begun}
    assert not (await client.post("/auth/register/verify", json=proof)).is_error
    assert not (await (await signed_in(other)).delete(f"/household/invites/{(await states(other))[0][0]}")).is_error
    await alike(family)
    found = [await states(node) for node in (*family.hubs, family.cloud)]
    assert [each[0][4] for each in found] == [True] * 3
    assert {row["username"] for row in await rows(family.cloud)} == {"maya", "leo"}


async def followed(node: Node) -> dict[Any, Any]:
    """Each chain of the log that is here, and what is wrong with it."""

    def query(conn: sa.Connection) -> dict[Any, Any]:
        found = chains.every(conn, node.tenant)
        pages = [chains.rows(conn, which, 0, 9999) for which in found]
        followed = [chains.follow(which, Place(), page, done=True) for which, page in zip(found, pages, strict=True)]
        return {(which.node_id, which.incarnation): each for which, each in zip(found, followed, strict=True)}

    return await node.home.store.read(query)


async def test_the_log_is_everybodys(family: World) -> None:
    """What one node has put on record is on record on all, in its own chain, which holds there too."""
    one, other = family.hubs
    await member(await signed_in(one), "noah")
    await alike(family)
    mine = one.home.store.node.id
    for node in (one, other, family.cloud):
        found = await followed(node)
        assert {each.why for each in found.values()} == {""}
        assert found[mine, 1].rows >= 4


async def test_a_device_is_removed_from_anywhere(family: World) -> None:
    """One that a hub has let in is listed on the other with its key; removed there, it is refused here."""
    one, other = family.hubs
    lock = await joined(await signed_in(one), one.home.client())
    lock.clock = one.home.clock.wall // 1000
    await alike(family)
    assert [await kinds(node) for node in family.hubs] == [await kinds(family.cloud)] * 2
    there = await signed_in(other)
    assert len((await there.get("/household/devices")).json()["devices"]) == 1
    assert not (await lock.renew()).is_error
    assert not (await there.delete(f"/household/devices/{lock.id}")).is_error
    await alike(family)
    assert (await lock.renew()).is_error
    assert [row[4] for row in await kinds(one)] == ["removed"]


async def test_a_suspended_device_goes_on_everywhere_again(family: World) -> None:
    """Suspended on one hub it is so on all, and let go on by the other one, too."""
    one, other = family.hubs
    lock = await joined(await signed_in(one), one.home.client())
    await family.meet()
    there = await signed_in(other)
    for way, state in (("suspend", "suspended"), ("resume", "active")):
        assert not (await there.post(f"/household/devices/{lock.id}/{way}")).is_error
        await alike(family)
        assert [[row[4] for row in await kinds(node)] for node in (one, other, family.cloud)] == [[state]] * 3


async def test_signing_out_elsewhere_ends_what_devices_hold(family: World) -> None:
    """Once for each time: what a device is given for the person after that stays, however often the nodes meet."""
    one, other = family.hubs
    maya = await signed_in(one)
    await member(maya, "noah")
    voice = await joined(maya, one.home.client(), **VOICE)
    voice.clock = one.home.clock.wall // 1000
    await family.meet()
    assert (await act(voice, "noah")).status_code == 200
    assert await acting(one) == 1
    noah = await signed_in(other, "noah")
    assert not (await noah.delete("/auth/sessions")).is_error
    await family.meet(other, one)
    assert await acting(one) == 0
    assert (await act(voice, "noah")).status_code == 200
    await alike(family)
    await one.adopt(one.cells())
    assert await acting(one) == 1


async def test_signing_out_at_two_nodes_that_have_not_heard_of_each_other(family: World) -> None:
    """Each ends what devices hold when it is heard of, though neither takes the other's place."""
    one, other = family.hubs
    voice = await acts_for_noah(family)
    for node, hear in ((family.cloud, (one,)), (other, (other, one))):
        noah = await signed_in(node, "noah")
        assert not (await noah.delete("/auth/sessions")).is_error
        assert await acting(one) == 1
        await family.meet(*hear)
        assert await acting(one) == 0
        assert (await act(voice, "noah")).status_code == 200
