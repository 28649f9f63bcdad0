"""A hub that knows what things of the household next door are called, and says something of each under its own."""

from itertools import product
from typing import Any
from uuid import UUID

import jwt

from rex_auth_edge.storage import users
from rex_auth_edge.sync.kinds import PENDING, REVOKED, Kind
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import State
from tests.exchange.conftest import Street
from tests.exchange.people import agree, joined, validated
from tests.exchange.street import bearer, sign_up
from tests.exchange.thieves import Thief
from tests.hub import PASSWORD
from tests.tenancy.rows import bare


def ends(pen: Pen) -> State:
    """It is over."""
    return pen.climb(REVOKED)


def begins(pen: Pen) -> State:
    """It waits."""
    return pen.climb(PENDING)


def banned(pen: Pen) -> State:
    """It may not."""
    return pen.mark(["unknown", None, 9])


def of(*ids: bytes) -> Any:
    """Something is whose."""
    names = ("user", "guardian", "by", "invited_by", "used_by", "hub", "device", "about", "id")
    return lambda pen: pen.put(**dict(zip(names, ids * len(names), strict=False)))


async def test_whatever_a_hub_says_of_their_ids(street: Street) -> None:
    """Nothing there is another by it: no row, no session, no token, and nobody there is told of anything."""
    hub, home = await joined(street), street.cloud.home
    async with home.client("192.168.9.1") as client:
        zoe = await sign_up(home, client, "zoe@example.net", "zoe")
        beside = (await home.login(client, "zoe@example.net")).json()
    tenant = UUID(zoe["tenant_id"])
    async with bearer(home, zoe) as owner:
        invited = (await owner.post("/household/invites", json={"role": "guest"})).json()
        await owner.get("/auth/sessions")
    session, other = (
        UUID(jwt.decode(each["access_token"], options={"verify_signature": False})["sid"]) for each in (zoe, beside)
    )
    ids = [UUID(zoe["user_id"]).bytes, tenant.bytes, session.bytes, other.bytes, UUID(invited["id"]).bytes]
    before = await bare(home.store, tenant)
    thief, (maya,) = Thief(hub), await home.store.read(lambda conn: users.owners(conn, street.cloud.tenant))
    for subject in ids:
        await thief.push(Kind.SESSION, subject, lambda pen: pen.climb(user=maya.bytes))
    for kind, subject, make in product(Kind, ids, (begins, ends, banned, of(*ids), lambda pen: pen.role("owner"))):
        assert await thief.push(kind, subject, make) == "taken"
    assert await bare(home.store, tenant) == before
    for each in (zoe, beside):
        assert await validated(home, each) == 200
        async with bearer(home, each) as owner:
            assert (await owner.get("/household")).json()["role"] == "owner"
            assert (await owner.get("/auth/notices")).json() == {"notices": []}
            assert {row["session_id"] for row in (await owner.get("/auth/sessions")).json()["sessions"]} == {
                str(session),
                str(other),
            }
    known = await home.store.read(lambda conn: users.every(conn, street.cloud.tenant))
    assert "zoe" not in {row.username for row in known}
    street.hubs.remove(hub)
    await agree(street)


async def test_somebody_who_is_called_as_somebody_there(street: Street) -> None:
    """Two people of two households have one id: each is shown their own name, whoever was asked for first."""
    hub, home = await joined(street), street.cloud.home
    async with home.client("192.168.9.1") as client:
        zoe = await sign_up(home, client, "zoe@example.net", "zoe")
    thief, zoe_id = Thief(hub), UUID(zoe["user_id"]).bytes
    maya = await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))
    for kind, make in (
        (Kind.USER, lambda pen: pen.climb()),
        (Kind.USERNAME, lambda pen: pen.put(username="spy", key="spy")),
        (Kind.EMAIL, lambda pen: pen.put(address=None, key=None, proven=False, verified=True)),
        (Kind.PASSWORD, lambda pen: pen.password(maya.password_hash.encode())),
    ):
        assert await thief.push(kind, zoe_id, make) == "taken"
    async with home.client("192.168.9.2") as client:
        body = {"username": "spy", "password": PASSWORD, "tenant": str(street.cloud.tenant)}
        answer = await client.post("/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    spy = answer.json()
    for _ in range(2):
        for tokens, name in ((zoe, "zoe"), (spy, "spy")):
            async with bearer(home, tokens) as client:
                said = (await client.get("/auth/token/validate")).json()
                assert (said["username"], said["tenant_id"]) == (name, tokens["tenant_id"])
                assert (await client.get("/auth/profile")).json()["username"] == name
