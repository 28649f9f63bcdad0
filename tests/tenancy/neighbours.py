"""Two households on one hub, with somebody of each role and one of each thing that has an id or is a secret."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.flows.household import house
from tests.devices.machines import DEVICE_CODE, added, asked, joined, simple
from tests.exchange.held import OF_CLOUDS, held
from tests.household.young import asking
from tests.hub import PASSWORD, Household
from tests.tenancy.routes import Route

Json = dict[str, Any]


@dataclass
class House:
    """One of the two: its people's clients, ids and tokens by role; `things` are ids and secrets by what they are."""

    tenant_id: UUID
    slug: str
    subnet: str
    clients: dict[Role, httpx.AsyncClient] = field(default_factory=dict)
    tokens: dict[Role, Json] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)

    @property
    def life(self) -> str:
        """How long its sessions last: by its policy, in which the two differ."""
        return {"home": "31d", "cottage": "57d"}[self.slug]

    @property
    def owner(self) -> httpx.AsyncClient:
        """The owner's client."""
        return self.clients[Role.OWNER]

    def address(self, who: str) -> str:
        """Somebody's address of mail."""
        return f"{who}.{self.slug}@example.com"


@dataclass
class Neighbours:
    """The caller's household, and the one next door; `answers` is what the caller's people were told."""

    home: Household
    ours: House
    theirs: House
    answers: list[httpx.Response]


async def done(asking: Any) -> Json:
    """The body of an answer that has to be good."""
    answer = await asking
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@asynccontextmanager
async def neighbours(home: Household, asking: str) -> AsyncIterator[Neighbours]:
    """The hub's default household, and one that the console has made; `asking` is the slug of the caller's."""
    made = await house.create(home.hub.parts, "Strandkorb", "cottage")
    assert isinstance(made, UUID)
    async with AsyncExitStack() as stack:
        both = [House(home.hub.parts.home, "home", "192.168.1"), House(made, "cottage", "10.77.66")]
        for each in both:
            await _move_in(home, each, stack)
        for each in both:
            await _leave_open(home, each, stack)
        ours, theirs = both if asking == "home" else both[::-1]
        answers: list[httpx.Response] = []
        for client in ours.clients.values():
            client.event_hooks["response"].append(_noting(answers))
        yield Neighbours(home, ours, theirs, answers)


def _noting(answers: list[httpx.Response]) -> Any:
    async def note(answer: httpx.Response) -> None:
        await answer.aread()
        answers.append(answer)

    return note


async def _client(home: Household, each: House, stack: AsyncExitStack, last: int) -> httpx.AsyncClient:
    client = home.client(f"{each.subnet}.{last}", user_agent=f"Wohnmobil-{each.slug}/1")
    return await stack.enter_async_context(client)


async def _move_in(home: Household, each: House, stack: AsyncExitStack) -> None:
    """An owner by the setup code, an adult by invitation, a child and a guest by the owner's word."""
    places = {role: await _client(home, each, stack, 10 + number) for number, role in enumerate(Role)}
    code = home.hub.parts.setup.shown()[each.tenant_id]
    owner = await _join(home, each, places[Role.OWNER], "greta", setup_code=code)
    _sit_down(each, Role.OWNER, places[Role.OWNER], owner)
    each.things["spent setup code"] = code
    await done(each.owner.patch("/household", json={"name": f"Am Hafen {each.slug}"}))
    policy = {"registration": "invite", "session_life": each.life}
    await done(each.owner.patch("/household/policy", json=policy))
    invited = await done(each.owner.post("/household/invites", json={"role": "adult"}))
    each.things["spent invitation code"] = invited["code"]
    adult = await _join(home, each, places[Role.ADULT], "henrik", invite=invited["code"])
    _sit_down(each, Role.ADULT, places[Role.ADULT], adult)
    for role, name in ((Role.CHILD, "ingrid"), (Role.GUEST, "joost")):
        body = {"username": f"{name}-{each.slug}", "password": PASSWORD, "role": role}
        await done(each.owner.post("/household/members", json=body))
        signed_in = await done(places[role].post("/auth/login", json=body | {"tenant": each.slug}))
        _sit_down(each, role, places[role], signed_in)
    await _furnish(home, each)


def _sit_down(each: House, role: Role, client: httpx.AsyncClient, tokens: Json) -> None:
    """Signed in as the mobile app is: by Bearer token, without cookies but the device's."""
    each.clients[role], each.tokens[role] = client, tokens
    each.things[f"device of the {role}"] = client.cookies["rex_device"]
    client.cookies.clear()
    client.headers["authorization"] = f"Bearer {tokens['access_token']}"


async def _join(home: Household, each: House, client: httpx.AsyncClient, name: str, **right: str) -> Json:
    token = await _begin(each, client, name, **right)
    email = each.address(name)
    otp = right.get("setup_code") or await home.code(email)
    return await done(
        client.post("/auth/register/verify", json={"email": email, "otp": otp, "temp_token": token}),
    )


async def _begin(each: House, client: httpx.AsyncClient, name: str, **right: str) -> str:
    body = {"email": each.address(name), "username": f"{name}-{each.slug}", "password": PASSWORD, "tenant": each.slug}
    named = {"first_name": f"{name.title()}{each.slug}", "last_name": f"Lindqvist{each.slug}"}
    begun = await done(client.post("/auth/register/initiate", json=body | named | right))
    return str(begun["temp_token"])


async def _furnish(home: Household, each: House) -> None:
    """A picture, a telephone, invitations in every state, a reset that is under way and one that an owner began."""
    picture = b64encode(b"\x89PNG\r\n\x1a\n" + each.slug.encode() * 8).decode()
    await done(each.owner.post("/auth/profile/picture", json={"image_data": picture}))
    await done(each.owner.patch("/auth/profile", json={"phone_number": f"+49 40 {each.tenant_id.int % 10**8:08d}"}))
    guest = {"role": "guest", "name": f"Knut{each.slug}", "email": each.address("knut")}
    pending = await done(each.owner.post("/household/invites", json=guest))
    free = await done(each.owner.post("/household/invites", json={"role": "guest"}))
    revoked = await done(each.owner.post("/household/invites", json={"role": "guest"}))
    await done(each.owner.delete(f"/household/invites/{revoked['id']}"))
    each.things |= {"bound invitation code": pending["code"], "invitation code": free["code"]}
    each.things |= {"invitation": free["id"], "revoked invitation code": revoked["code"]}
    awaited = await added(each.owner)
    given = await simple(each.owner, each.clients[Role.ADULT])
    each.things |= {"device": given["client_id"], "device secret": given["client_secret"]}
    each.things |= {"awaited": awaited["id"], "device code": awaited["code"]}
    each.things |= {"device token": given["access_token"], "device refresh token": given["refresh_token"]}
    visit = {"name": f"Ada{each.slug}", "scopes": "door.open", "ends": "8h"}
    given = await done(each.owner.post("/household/passes", json=visit))
    each.things |= {"pass": given["id"], "pass secret": given["secret"], "pass token": given["token"]}
    each.things |= await asking(each.owner, each.clients[Role.ADULT], tenant=each.slug)
    each.things["spent device code"] = await _spent(each)
    await _ask(each, each.clients[Role.ADULT])
    await _confirm(each, each.owner, f"greta-{each.slug}")
    each.things["reset token"] = await home.reset_token(each.clients[Role.ADULT], each.address("henrik"))


async def _ask(each: House, client: httpx.AsyncClient) -> None:
    """A device that asks, while the window is open."""
    await done(each.owner.delete("/household/devices/window"))
    await done(each.owner.post("/household/devices/window", json={}))
    said = await asked(client, tenant=each.slug)
    each.things |= {"ask's own code": said["device_code"], "user code": said["user_code"]}
    each.things["spoken words"] = said["verification_words"]
    each.things["ask"] = (await done(each.owner.get("/household/devices/asks")))["asks"][0]["id"]


async def _confirm(each: House, client: httpx.AsyncClient, who: str) -> None:
    """Something that waits on a person's phone."""
    voice = await joined(each.owner, client, name="Voice", kind="voice", scopes="lights hub.act")
    wish = {"login_hint": who, "requested_expiry": "300"}
    said = await done(voice.post("/oauth/backchannel_authentication", wish, know=True))
    each.things["confirmation code"] = said["auth_req_id"]
    each.things["confirmation"] = (await done(client.get("/auth/confirmations")))["confirmations"][0]["id"]


async def _spent(each: House) -> str:
    """The code of a device that has come."""
    code = str((await added(each.owner))["code"])
    await done(each.clients[Role.ADULT].post("/oauth/token", data={"grant_type": DEVICE_CODE, "device_code": code}))
    return code


async def _leave_open(home: Household, each: House, stack: AsyncExitStack) -> None:
    """Two wait for their codes, whose letters haven't left; nothing drains the outbox from here on."""
    stranger = await _client(home, each, stack, 90)
    for name in ("lena", "mats"):
        await _wait(each, stranger, name)
    adult = each.clients[Role.ADULT]
    shown = (await done(adult.get("/auth/sessions")))["sessions"][0]
    each.things |= {"member": each.tokens[Role.ADULT]["user_id"], "session": shown["session_id"]}
    each.things |= await held(home, each.tenant_id, UUID(each.things["member"]))
    each.things["hub"] = str(home.store.node.id)


async def _wait(each: House, stranger: httpx.AsyncClient, name: str) -> None:
    invited = await done(each.owner.post("/household/invites", json={"role": "guest"}))
    each.things["temp token"] = await _begin(each, stranger, name, invite=invited["code"])
    waiting = (await done(each.owner.get("/household/codes")))["codes"][-1]
    each.things |= {"code": waiting["id"], "waiting address": waiting["email"]}


@asynccontextmanager
async def another(
    home: Household, each: House, number: int, route: Route
) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    """Somebody new and, of what the route's path names, something new, to be used up; by the kinds that paths name."""
    name = f"nils{number}"
    async with home.client(f"{each.subnet}.{100 + number}") as client:
        body = {"username": f"{name}-new", "password": PASSWORD, "role": "adult"}
        member = await done(each.owner.post("/household/members", json=body))
        signed_in = await done(client.post("/auth/login", json=body | {"tenant": each.slug}))
        client.headers["authorization"] = f"Bearer {signed_in['access_token']}"
        things = {"member": str(member["user_id"])}
        for place, make in _MADE.items():
            if place in route.path:
                things |= await make(each, client)
        if "/household/codes" in route.path:
            await _wait(each, client, name)
        if "/confirmations" in route.path:
            await _confirm(each, client, f"{name}-new")
        if OF_CLOUDS & set(route.kinds):
            things |= await held(home, each.tenant_id, UUID(member["user_id"]))
        yield client, {kind: each.things[kind] for kind in ("ask", "code", "confirmation")} | things


async def _session(_: House, client: httpx.AsyncClient) -> dict[str, str]:
    return {"session": (await done(client.get("/auth/sessions")))["sessions"][0]["session_id"]}


async def _invitation(each: House, _: httpx.AsyncClient) -> dict[str, str]:
    return {"invitation": (await done(each.owner.post("/household/invites", json={"role": "guest"})))["id"]}


async def _device(each: House, client: httpx.AsyncClient) -> dict[str, str]:
    return {"device": (await simple(each.owner, client))["client_id"]}


async def _pass(each: House, _: httpx.AsyncClient) -> dict[str, str]:
    visit = {"name": "Ada", "scopes": "door.open", "ends": "8h"}
    return {"pass": (await done(each.owner.post("/household/passes", json=visit)))["id"]}


async def _child(each: House, client: httpx.AsyncClient) -> dict[str, str]:
    return await asking(each.owner, client, tenant=each.slug)


async def _waiting_device(each: House, client: httpx.AsyncClient) -> dict[str, str]:
    await _ask(each, client)
    return {}


_MADE = {
    "/sessions": _session,
    "/household/invites": _invitation,
    "/household/devices": _device,
    "/household/devices/": _waiting_device,
    "/household/passes": _pass,
    "/household/children": _child,
}
"""What is made for routes of a place, newly."""
