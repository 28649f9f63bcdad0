"""Tokens, cookies, codes and people of one household are worth nothing in another."""

from itertools import product
from uuid import UUID

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.flows.household import house
from tests.hub import PASSWORD, Household
from tests.tenancy.answers import shown
from tests.tenancy.neighbours import House, Neighbours, done
from tests.tenancy.routes import filled, handlers
from tests.tenancy.rows import kept

WRONG = "Wrong-Word-11!"


async def banned(they: Neighbours, each: House, role: Role, device: str = "") -> str:
    """The code that a sign-in with the right password is answered with, from this device."""
    async with they.home.client("192.168.1.81") as client:
        if device:
            client.cookies.set("rex_device", device)
        name = {Role.OWNER: "greta", Role.ADULT: "henrik"}[role]
        body = {"email": each.address(name), "password": PASSWORD, "tenant": each.slug}
        return str((await client.post("/auth/login", json=body)).json().get("code", ""))


async def test_a_device_of_theirs_is_a_strangers(they: Neighbours) -> None:
    """Guesses from a device that is known next door count as any stranger's, and don't touch what it may do there."""
    device = they.theirs.things["device of the adult"]
    async with they.home.client("192.168.1.82") as client:
        client.cookies.set("rex_device", device)
        body = {"email": they.ours.address("greta"), "password": WRONG, "tenant": they.ours.slug}
        for _ in range(4):
            assert (await client.post("/auth/login", json=body)).json()["code"] == "invalid_credentials"
    assert await banned(they, they.ours, Role.OWNER) == "account_temporarily_banned"
    assert await banned(they, they.ours, Role.OWNER, they.ours.things["device of the owner"]) == ""
    assert await banned(they, they.theirs, Role.ADULT, device) == ""


async def test_a_csrf_token_of_theirs(they: Neighbours) -> None:
    """It is bound to a session, so it opens nobody else's cookies, just as one that is made up."""
    token = they.theirs.tokens[Role.OWNER]["access_token"]
    async with they.home.client() as other:
        other.cookies.set("access_token", token)
        theirs = (await done(other.get("/auth/csrf")))["csrf_token"]
    async with they.home.client() as client:
        client.cookies.set("access_token", they.ours.tokens[Role.OWNER]["access_token"])
        answers = [await client.post("/auth/logout-others", headers={"x-csrf-token": each}) for each in
                   (theirs, "0" * len(theirs))]  # fmt: skip
    assert shown(answers[0]) == shown(answers[1])
    assert answers[0].json()["code"] == "csrf_failed"


async def test_tokens_of_theirs_at_our_things(they: Neighbours) -> None:
    """Their people find none of our things: the token says the household, and nothing beside it changes that."""
    before = await kept(they.home.store, they.ours.tenant_id)
    hints = {"x-tenant-id": str(they.ours.tenant_id), "x-user-role": "owner"}
    asked = [route for route in await handlers(they.home) if route.parameters]
    for route, role in product(asked, Role):
        path = filled(route, tuple(they.ours.things[kind] for kind in route.kinds))
        query = {"tenant": they.ours.slug, "tenant_id": str(they.ours.tenant_id)}
        client = they.theirs.clients[role]
        answer = await client.request(route.method, path, json=route.body(), headers=hints, params=query)
        assert answer.status_code in ({404} if role is Role.OWNER else {403, 404}), (route, answer.text)
    assert await kept(they.home.store, they.ours.tenant_id) == before


async def test_a_refresh_token_of_theirs_beside_our_access_token(they: Neighbours) -> None:
    """Where our access token has expired their refresh token renews their own session, and ours stays as it is."""
    they.home.clock.advance(11 * MINUTE)
    before = await kept(they.home.store, they.ours.tenant_id)
    for name in ("x-refresh-token", "cookie"):
        token = they.theirs.tokens[Role.CHILD if name == "cookie" else Role.GUEST]["refresh_token"]
        header = {name: f"refresh_token={token}" if name == "cookie" else token}
        answer = await done(they.ours.owner.get("/auth/token/validate", headers=header))
        assert answer["tenant_id"] == str(they.theirs.tenant_id)
    assert await kept(they.home.store, they.ours.tenant_id) == before


async def test_setup_codes_of_two_that_nobody_owns(home: Household) -> None:
    """Each opens its own household alone."""
    made = await house.create(home.hub.parts, "Strandkorb", "cottage")
    assert isinstance(made, UUID)
    codes = home.hub.parts.setup.shown()
    bodies = [
        {"email": "nele@example.com", "password": PASSWORD, "tenant": slug, "setup_code": codes[other]}
        for slug, other in (("home", made), ("cottage", home.hub.parts.home))
    ]
    async with home.client() as client:
        for body in bodies:
            refused = await client.post("/auth/register/initiate", json=body)
            assert (refused.status_code, refused.json()["fields"]) == (403, {"setup_code": "wrong"})
        client.headers["authorization"] = f"Bearer {(await home.join(client, 'omar@example.com'))['access_token']}"
        refused = await client.post("/household/claim", json={"setup_code": codes[made]})
        assert refused.json()["fields"] == {"setup_code": "wrong"}


async def test_one_person_in_both(they: Neighbours) -> None:
    """With one address in two households they are two people: what happens to one doesn't happen to the other."""
    email = they.theirs.address("henrik")
    invited = await done(they.ours.owner.post("/household/invites", json={"role": "guest", "email": email}))
    async with they.home.client() as client:
        body = {"email": email, "password": PASSWORD, "invite": invited["code"], "username": "h"}
        begun = await done(client.post("/auth/register/initiate", json=body))
        proof = {"email": email, "otp": await they.home.code(email), "temp_token": begun["temp_token"]}
        joined = await done(client.post("/auth/register/verify", json=proof))
        assert joined["user_id"] != they.theirs.tokens[Role.ADULT]["user_id"]
    before = await kept(they.home.store, they.theirs.tenant_id)
    path = f"/household/members/{joined['user_id']}"
    for method, tail in (("POST", "/reset"), ("POST", "/disable"), ("DELETE", "")):
        await done(they.ours.owner.request(method, path + tail))
    assert await kept(they.home.store, they.theirs.tenant_id) == before
    async with they.home.client() as client:
        body = {"email": email, "password": PASSWORD}
        assert (await done(client.post("/auth/login", json=body)))["tenant_id"] == str(they.theirs.tenant_id)
        assert (await client.post("/auth/login", json=body | {"tenant": they.ours.slug})).status_code == 401
    assert (await they.theirs.clients[Role.ADULT].get("/auth/token/validate")).status_code == 200


async def test_a_guess_next_door_isnt_in_our_log(they: Neighbours) -> None:
    """Who owns a household reads in its log nothing of what was tried at another: not even that there is somebody."""
    body = {"password": WRONG, "tenant": they.theirs.slug}
    before = await kept(they.home.store, they.ours.tenant_id)
    async with they.home.client() as client:
        for email in (they.theirs.address("henrik"), "nobody@example.com"):
            await client.post("/auth/login", json=body | {"email": email})
    assert await kept(they.home.store, they.ours.tenant_id) == before
