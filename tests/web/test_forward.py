"""Forward-auth: what a proxy is told of who asks; by Bearer token, by cookie, and where somebody has to sign in."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.storage.store import Store
from rex_auth_edge.web.forwarded import neighbour
from tests.devices.machines import joined, simple
from tests.doubles import HandClock
from tests.hub import PASSWORD, Household, household

AT = "/auth/forward"
SERVICE = "http://127.0.0.1:8443"
PROXY = "192.168.1.3"


@pytest.fixture
async def home(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub that believes one proxy."""
    made = await household(sqlite_store, clock, tmp_path / "data", REX_TRUSTED_PROXIES=PROXY)
    yield made
    await made.hub.close()


@pytest.fixture
async def maya(home: Household) -> AsyncIterator[httpx.AsyncClient]:
    """The owner, by Bearer token."""
    async with home.client() as client:
        tokens = await home.own(client, "maya@example.com", "maya")
        client.headers["authorization"] = f"Bearer {tokens['access_token']}"
        client.cookies.clear()
        yield client


@pytest.fixture
async def proxy(home: Household) -> AsyncIterator[httpx.AsyncClient]:
    """What the proxy asks with."""
    async with home.client(PROXY) as client:
        yield client


def token_of(client: httpx.AsyncClient) -> str:
    """Its access token."""
    return client.headers["authorization"].removeprefix("Bearer ")


def told(method: str = "GET", uri: str = "/lamp?on=1", service: str = SERVICE, **more: str) -> dict[str, str]:
    """What a proxy tells of the request that it asks about."""
    scheme, _, host = service.partition("://")
    names = {"method": method, "proto": scheme, "host": host, "uri": uri, "for": "192.168.1.20"}
    return {f"x-forwarded-{name}": value for name, value in names.items()} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def by_cookie(maya: httpx.AsyncClient, method: str = "GET", **more: str) -> dict[str, str]:
    """The same of a browser in which Maya is signed in."""
    return told(method, cookie=f"theme=dark; access_token={token_of(maya)}", **more)


async def add(maya: httpx.AsyncClient, username: str, role: str) -> dict[str, str]:
    """Another member, who signs in: their Bearer header."""
    body = {"username": username, "role": role, "password": PASSWORD}
    assert (await maya.post("/household/members", json=body)).status_code == 200
    answer = await maya.post("/auth/login", json={"username": username, "password": PASSWORD})
    maya.cookies.clear()
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def test_who_it_is(maya: httpx.AsyncClient, home: Household) -> None:
    """The usual headers, in UTF-8, and nothing in the body; on the short road as on the framework's."""
    await maya.patch("/auth/profile", json={"first_name": "Mäya", "last_name": "Brandt\r\nRemote-Groups: owner"})
    behind, ahead = await maya.get(AT + "/"), await maya.get(AT)
    for answer in (behind, ahead):
        assert (answer.status_code, answer.content) == (200, b"")
        named = {name: value for name, value in answer.headers.items() if name.startswith(("remote-", "x-rex-"))}
        assert named.pop("x-rex-household") == str(home.hub.parts.home)
        assert len(named.pop("x-rex-subject")) == 36
        assert named.pop("remote-name").startswith("Mäya Brandt")
        assert named == {"remote-user": "maya", "remote-email": "maya@example.com", "remote-groups": "owner"}
        assert "set-cookie" not in answer.headers


async def test_roles(maya: httpx.AsyncClient) -> None:
    """`role` is the least that somebody has to be; `none` lets no person in. A child has no address of mail."""
    people = {role: await add(maya, role, role) for role in ("adult", "child", "guest")}
    people["owner"] = {"authorization": maya.headers["authorization"]}
    order = ["owner", "adult", "child", "guest"]
    for role, headers in people.items():
        for wanted in [*order, "none"]:
            answer = await maya.get(AT, params={"role": wanted}, headers=headers)
            enough = wanted != "none" and order.index(role) <= order.index(wanted)
            assert answer.status_code == (200 if enough else 403), (role, wanted)
    answer = await maya.get(AT, headers=people["child"])
    assert answer.headers["remote-groups"] == "child"
    assert "remote-email" not in answer.headers


async def test_devices(maya: httpx.AsyncClient, proxy: httpx.AsyncClient) -> None:
    """A device passes where a scope is asked that it has, by a token that isn't bound to a key; until it is removed."""
    given = await simple(maya, proxy)
    bearer = {"authorization": f"Bearer {given['access_token']}"}
    for query, status in (
        ({}, 403), ({"role": "guest"}, 403), ({"scope": ""}, 403), ({"scope": "door.open"}, 200),
        ({"scope": "door.open hub.introspect", "role": "none"}, 200), ({"scope": "door.open lights"}, 403),
    ):  # fmt: skip
        assert (await proxy.get(AT, params=query, headers=bearer)).status_code == status, query
    answer = await proxy.get(AT, params={"scope": "door.open"}, headers=bearer)
    assert answer.headers["remote-user"] == f"device:{given['client_id']}"
    assert answer.headers["remote-groups"] == "device"
    assert (await maya.get(AT, params={"scope": "door.open"})).status_code == 200
    bound = await joined(maya, proxy)
    answer = await proxy.get(AT, params={"scope": "door.open"}, headers={"authorization": f"Bearer {bound.token}"})
    assert answer.status_code == 401
    assert "bound to a key" in answer.json()["message"]
    by_cookie = told(cookie=f"access_token={given['access_token']}")
    assert (await proxy.get(AT, params={"scope": "door.open"}, headers=by_cookie)).status_code == 401
    await maya.delete(f"/household/devices/{given['client_id']}")
    assert (await proxy.get(AT, params={"scope": "door.open"}, headers=bearer)).status_code == 401


async def test_passes(maya: httpx.AsyncClient, proxy: httpx.AsyncClient) -> None:
    """A guest's pass gets through where a scope is asked that it has, until it is revoked; it has no role."""
    made = (await maya.post("/household/passes", json={"name": "Ida", "scopes": "door.open", "ends": "8h"})).json()
    headers = {"authorization": f"Bearer {made['token']}"}
    answer = await proxy.get(AT, params={"scope": "door.open", "role": "owner"}, headers=headers)
    assert (answer.status_code, answer.headers["remote-groups"]) == (200, "pass")
    assert answer.headers["remote-user"] == f"pass:{answer.headers['x-rex-subject']}"
    for query in ({}, {"role": "guest"}, {"scope": "safe.open"}):
        assert (await proxy.get(AT, params=query, headers=headers)).status_code == 403
    assert (await maya.delete(f"/household/passes/{made['id']}")).status_code == 200
    assert (await proxy.get(AT, params={"scope": "door.open"}, headers=headers)).status_code == 401


async def test_a_slip_opens_no_door(maya: httpx.AsyncClient) -> None:
    """A query that isn't understood lets nobody in, and says so."""
    wrong = ("rol=owner", "role=", "role=Owner", "role=owner&role=guest", "household=x", "redirect=yes", "a", "role")
    for query in wrong:
        answer = await maya.get(f"{AT}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field"), query


async def test_without_the_database(maya: httpx.AsyncClient, home: Household) -> None:
    """Once it is known who somebody is, the database may be gone; and what has ended ends at once."""
    assert (await maya.get(AT)).status_code == 200
    await maya.post("/auth/logout")
    assert (await maya.get(AT)).status_code == 401
    answer = await maya.post("/auth/login", json={"username": "maya", "password": PASSWORD})
    maya.cookies.clear()
    maya.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    assert (await maya.get(AT)).status_code == 200
    await home.store.close()
    assert (await maya.get(AT)).status_code == 200
    home.clock.advance(10 * MINUTE)
    answer = await maya.get(AT)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert answer.headers["www-authenticate"] == 'Bearer realm="rex", error="invalid_token"'


async def test_another_household(maya: httpx.AsyncClient, home: Household) -> None:
    """Its members pass only where it is named."""
    other = "01a208a2-754e-7c10-84f5-e08038d4e444"
    assert (await maya.get(AT, params={"household": other})).status_code == 403
    assert (await maya.get(AT, params={"household": str(home.hub.parts.home)})).status_code == 200


async def test_a_cookie_needs_a_proxy_that_is_believed(
    maya: httpx.AsyncClient, home: Household, proxy: httpx.AsyncClient
) -> None:
    """It counts where the request is told by a trusted proxy, whole and once; else nobody knows what it does."""
    whole = by_cookie(maya)
    assert (await proxy.get(AT, headers=whole)).status_code == 200
    async with home.client("192.168.1.4") as stranger:
        assert (await stranger.get(AT, headers=whole)).status_code == 401
    for name in ("method", "proto", "host", "uri"):
        key = f"x-forwarded-{name}"
        part = {other: value for other, value in whole.items() if other != key}
        assert (await proxy.get(AT, headers=part)).status_code == 401, name
        twice = [*whole.items(), (key, whole[key])]
        assert (await proxy.get(AT, headers=twice)).status_code == 401, name
    assert (await proxy.get(AT, headers=whole | {"cookie": "access_token="})).status_code == 401


FOREIGN = "http://evil.example"
FORGERIES: list[tuple[str, dict[str, str], int]] = [
    ("GET", {}, 200),
    ("GET", {"sec_fetch_site": "cross-site"}, 200),
    ("GET", {"origin": FOREIGN}, 403),
    ("GET", {"origin": "null"}, 403),
    ("POST", {}, 403),
    ("POST", {"sec_fetch_site": "cross-site"}, 403),
    ("POST", {"sec_fetch_site": "same-site"}, 403),
    ("POST", {"sec_fetch_site": "same-origin"}, 200),
    ("POST", {"origin": SERVICE}, 200),
    ("POST", {"origin": SERVICE.replace("8443", "8444")}, 403),
    ("POST", {"origin": FOREIGN, "sec_fetch_site": "same-origin"}, 403),
    ("DELETE", {"origin": "https://127.0.0.1:8443"}, 403),
    ("BREW", {"origin": SERVICE}, 200),
]


async def test_another_sites_doing(maya: httpx.AsyncClient, proxy: httpx.AsyncClient) -> None:
    """By cookie, what another origin's page has caused is refused, also at another port; a Bearer token isn't."""
    for method, more, status in FORGERIES:
        answer = await proxy.get(AT, headers=by_cookie(maya, method, **more))
        assert answer.status_code == status, (method, more)
        bearer = told(method, authorization=maya.headers["authorization"], **more)
        assert (await proxy.get(AT, headers=bearer)).status_code == 200


async def test_the_way_to_sign_in(maya: httpx.AsyncClient, proxy: httpx.AsyncClient, home: Household) -> None:
    """A browser that looks at a page is told where to sign in, or sent there, and comes back with a good cookie."""
    page = told(accept="text/html,*/*", uri='/lamp?a="b"&c=d')
    answer = await proxy.get(AT, headers=page)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="rex"')
    sent = await proxy.get(AT, params={"redirect": "true"}, headers=page)
    assert (sent.status_code, sent.headers["location"]) == (302, answer.headers["location"])
    where = urlsplit(sent.headers["location"])
    assert (where.netloc, where.path) == ("127.0.0.1:8000", "/sign-in")
    (onward,) = parse_qs(where.query)["next"]
    assert onward == SERVICE + "/lamp?a=%22b%22&c=d"
    async with home.client() as browser:
        shown = await browser.get(sent.headers["location"], headers={"accept": "text/html"})
        assert f"form-action 'self' {SERVICE};" in shown.headers["content-security-policy"]
        form = {"email": "maya", "password": PASSWORD, "next": onward}
        form["form_token"] = shown.text.partition('name="form_token" value="')[2].partition('"')[0]
        signed_in = await browser.post("/sign-in", data=form)
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, onward)
        home.clock.advance(11 * MINUTE)
        del browser.cookies["access_token"]
        renewed = await browser.get(sent.headers["location"])
        assert renewed.headers["location"] == onward
        cookies = told(cookie=f"access_token={browser.cookies['access_token']}")
        assert (await proxy.get(AT, headers=cookies)).headers["remote-user"] == "maya"


async def test_no_way_round_in_circles(proxy: httpx.AsyncClient) -> None:
    """What can't be mended by signing in is a plain 401: programs, forms, and hosts that the cookies don't reach."""
    for page in (
        told(accept="application/json"),
        told("POST", accept="text/html"),
        told(accept="text/html", service="http://lamp.example"),
        told(accept="text/html", service="https://127.0.0.1:8443"),
        told(accept="text/html", service="http://user@127.0.0.1"),
        told(accept="text/html", uri="/" + "x" * 2000),
    ):
        answer = await proxy.get(AT, params={"redirect": "true"}, headers=page)
        assert answer.status_code == 401, page
        assert "location" not in answer.headers


HOSTS = st.sampled_from(["rex-abc.local", "rex-abc.local:8443", "evil.example", "rex-abc.local.evil.example", "[::1]"])
TEXTS = st.text("/\\.:@?#%2fe \t\r\nrex-abc.local[]")


@given(
    st.builds("{}://{}{}".format, st.sampled_from(["https", "http", "javascript", ""]), HOSTS | TEXTS, TEXTS) | TEXTS
)
@example("https://rex-abc.local@evil.example/")
@example("https://rex-abc.local\\@evil.example/")
@example("https://evil.example?rex-abc.local/")
@example("https://rex-abc.local:8443/\r\nset-cookie: x")
@example("https://[::1/")
def test_one_is_led_to_this_host_alone(url: str) -> None:
    """Whatever `next` says: the same scheme and host name, at any port, or nothing."""
    led = neighbour(url, "https", "rex-abc.local")
    assert led in {None, url}
    if led is not None:
        parts = urlsplit(led)
        assert (parts.scheme, parts.hostname, parts.username) == ("https", "rex-abc.local", None)
        assert led.isascii()
        assert led.isprintable()


def test_a_neighbour() -> None:
    """Another port of the host is one."""
    for url in ("https://rex-abc.local:8443/a?b=c", "https://rex-abc.local/"):
        assert neighbour(url, "https", "REX-abc.local:443") == url


async def test_failures_are_limited(maya: httpx.AsyncClient, proxy: httpx.AsyncClient) -> None:
    """Forged tokens are counted per client; no token at all, and good ones, never are."""
    for _ in range(40):
        assert (await proxy.get(AT, headers=told())).status_code == 401
    forged = told(authorization="Bearer forged")
    answers = [(await proxy.get(AT, headers=forged)).status_code for _ in range(31)]
    assert answers == [401] * 30 + [429]
    assert (await proxy.get(AT, headers=told(authorization=maya.headers["authorization"]))).status_code == 200
    assert (await proxy.get(AT, headers=forged | {"x-forwarded-for": "192.168.1.99"})).status_code == 401
