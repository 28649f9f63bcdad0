"""Forms: from here only, and kept when they come back."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.web.pages.table import PAGES
from rex_auth_edge.web.pages.wrong import shown
from tests.examples import examples
from tests.hub import PASSWORD, Household, text_of
from tests.pages.people import HTML, Person, browser, owner
from tests.pages.reading import read, sound

MAYA = {"email": "maya", "password": PASSWORD}
FORM = settings(max_examples=examples(25), derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def session_of(answer: httpx.Response) -> bool:
    """Whether an answer signs somebody in."""
    return any(line.startswith("access_token=ey") for line in answer.headers.get_list("set-cookie"))


# -------------------------------------------------------------------- where a form comes from


async def test_no_sign_in_by_somebody_elses_form(home: Household, maya: Person) -> None:
    """A form that wasn't made here for this browser signs nobody in: who types then would type into their house."""
    attacker, victim = browser(home, "10.0.0.1"), browser(home)
    await attacker.open("/sign-in")
    stolen = read(attacker.shown).form("/sign-in").fields["form_token"]
    await victim.open("/sign-in")
    for token in ({}, {"form_token": stolen}, {"form_token": "00" * 48}, {"form_token": "zz"}):
        answer = await victim.client.post("/sign-in", data=MAYA | token)
        assert answer.status_code == 403
        assert "send it once more" in sound(answer).text
        assert not session_of(answer)
    assert session_of(await victim.post("/sign-in", **MAYA))


async def test_forms_of_strangers_have_tokens(home: Household) -> None:
    """Every form that nobody has to be signed in for is bound to the browser that it was made for."""
    for path in ("/register", "/join", "/verify", "/verify/again", "/forgot", "/claim", "/reset-password"):
        answer = await browser(home).client.post(path, data={"email": "x@example.com", "form_token": "00" * 48})
        assert answer.status_code in {400, 403}
    assert not await home.mail()


async def test_token_of_another_session(home: Household, maya: Person) -> None:
    """A session's form token serves no other session, and a browser's serves none at all."""
    other, stranger = browser(home, "192.168.1.30"), browser(home)
    await other.send("/sign-in", **MAYA)
    await stranger.open("/sign-in")
    tokens = (read(other.shown if other.path == "/x" else await other.client.get("/me")), read(stranger.shown))
    for page in tokens:
        data = {"first_name": "Mallory", "form_token": page.forms[0].fields["form_token"]}
        assert (await maya.client.post("/me", data=data)).status_code == 403
    assert "Mallory" not in (await maya.open("/me")).text
    assert (await maya.send("/me", first_name="Maja")).text.count("saved")


async def test_other_origins(maya: Person) -> None:
    """A post from another site is refused before anything is read, whatever token it has."""
    token = (await maya.open("/me")).form("/me").fields["form_token"]
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "", "sec-fetch-site": "cross-site"},
    ):
        answer = await maya.client.post("/me", data={"first_name": "Mallory", "form_token": token}, headers=headers)
        assert answer.status_code == 403
    assert "Mallory" not in (await maya.open("/me")).text


async def test_the_field_is_for_pages_only(maya: Person) -> None:
    """The API wants its header: the pages' field in a body opens none of its endpoints."""
    token = (await maya.open("/me")).form("/me").fields["form_token"]
    answer = await maya.client.post("/auth/logout", data={"form_token": token, "csrf_token": token})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


# -------------------------------------------------------------------- what comes back


async def test_what_was_typed_is_kept(home: Household) -> None:
    """A form that is refused comes back with everything but passwords, and says beside the field what is wrong."""
    visitor = browser(home)
    page = await visitor.send(
        "/register", first_name="Nele <b>", username="nele", email="nele@example.com", password="Short-1"
    )
    assert visitor.shown.status_code == 400
    sound(visitor.shown)
    fields = page.form("/register").fields
    assert (fields["first_name"], fields["username"], fields["email"]) == ("Nele <b>", "nele", "nele@example.com")
    assert "Short-1" not in visitor.shown.text
    assert page.title.startswith("Error: ")
    assert "at least 8 characters" in page.text
    assert {"#f-password", "/sign-in"} <= set(page.links)
    assert "e-password" in page.pointed_at


REFUSED = [
    ({"username": "not a name"}, "username", "1 to 64 letters"),
    ({"email": "nobody"}, "email", "no e-mail address"),
    ({"email": ""}, "email", "Please fill this in"),
    ({"password": "Password1!"}, "password", "commonly used"),
    ({"first_name": "x" * 121}, "first_name", "longer than 120"),
    ({"setup_code": "AAAA-AAAA"}, "setup_code", "Wrong setup code"),
    ({"setup_code": ""}, "setup_code", "Please fill this in"),
]


async def test_every_refusal_beside_its_field(home: Household) -> None:
    """The sentence is at the top, leads to the field, and stands beside it."""
    code = home.hub.parts.setup.shown()[home.hub.parts.home]
    for number, (typed, field, said) in enumerate(REFUSED):
        visitor = browser(home)
        good = {"setup_code": code, "username": "maya", "email": f"m{number}@example.com", "password": PASSWORD}
        page = await visitor.send("/claim", **good | typed)
        assert visitor.shown.status_code in {400, 403}
        assert f"#f-{field}" in page.links
        assert f"e-{field}" in page.pointed_at
        assert said in page.text


def test_every_refusal_has_a_sentence() -> None:
    """No refusal is shown as nothing, and none tells a person about headers or endpoints."""
    for code in Code:
        wrong = shown(Refused(code, "A sentence", {"password": "a; b"}), {})
        assert wrong
        assert all(sentence for sentence, _ in wrong.summary)
        assert "/auth" not in str(wrong.summary)


# -------------------------------------------------------------------- names


def in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[str], Coroutine[Any, Any, None]]) -> Callable[[str], None]:
    """A plain function that does the work in the test's loop."""
    return lambda text: asyncio.run_coroutine_threadsafe(work(text), loop).result(60)


async def test_names_stay_names(maya: Person) -> None:
    """Whatever people and households are called, it is text on every page that shows it, and never markup."""
    number = next(link for link in (await maya.open("/house")).links if link.startswith("/house/members/"))
    pages = (
        "/house",
        "/me",
        number,
        "/house/rules",
        "/me/sessions",
        f"{number}/role",
        "/house/invites/new",
    )
    tags = [sound(await maya.client.get(path)).tags for path in pages]

    async def named(name: str) -> None:
        await maya.send("/me", first_name=name, last_name=name)
        assert maya.shown.status_code == 200
        await maya.send("/house/name", name=name)
        assert maya.shown.status_code == 200
        for path, before in zip(pages, tags, strict=True):
            page = sound(await maya.client.get(path))
            assert page.tags == before, path
            assert " ".join(name.split()) in " ".join(page.text.split()), path

    plain = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(str.strip)
    nasty = st.sampled_from(
        ['"><script>alert(1)</script>', "' onload='x", "</title><h1>", "&lt;b&gt;", "{{ 7*7 }}", "<!--"]
    )
    check = given(plain.map(str.strip) | nasty)(in_loop(asyncio.get_running_loop(), named))
    await asyncio.to_thread(FORM(check))


async def test_addresses_are_not_echoed(home: Household) -> None:
    """Nothing of the query or the path is on the page, but the household that is named as such."""
    visitor = browser(home)
    for path in ("/sign-in?x=<i>1</i>", "/register?email=<i>2</i>", "/nothing/<i>3</i>", "/reset-password?<i>4</i>"):
        answer = await visitor.client.get(path, follow_redirects=True)
        assert "<i>" not in answer.text
        assert "&lt;i&gt;" not in answer.text
    page = await visitor.open('/sign-in?household="><i>')
    assert page.form("/sign-in").fields["tenant"] == '"><i>'


async def test_garbage(home: Household, maya: Person) -> None:
    """Whatever paths, queries, cookies and forms say, no page fails."""
    token = (await maya.open("/me")).form("/me").fields["form_token"]
    session = {name: maya.client.cookies[name] for name in ("access_token", "rex_browser")}
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    names = st.sampled_from(
        ["next", "page", "household", "tenant", "invite", "token", "email", "otp", "role", "username"]
    )
    cookies = st.sampled_from(["rex_pending", "rex_handed", "rex_invite", "rex_reset", "rex_said", "refresh_token"])
    values = st.text('abc=;%\\"{}[]0123456789', max_size=30)
    paths = st.sampled_from([page.path for page in PAGES])

    async def ask(path: str, name: str, text: str, cookie: str, value: str) -> None:
        place = re.sub(r"\{.*?\}", "x" + quote(text, safe=""), path)
        kept = "; ".join([f"{key}={word}" for key, word in session.items()] + [f"{cookie}={value}"])
        async with home.client("10.1.1.1", cookie=kept, **HTML) as client:
            for answer in (
                await client.get(place, params={name: text}),
                await client.post(place, data={name: text, "form_token": token, "password": text}),
            ):
                assert answer.status_code < 500, (place, name, text, cookie, value)

    loop = asyncio.get_running_loop()

    @FORM
    @given(path=paths, name=names, text=texts, cookie=cookies, value=values)
    def garbage(**said: str) -> None:
        asyncio.run_coroutine_threadsafe(ask(**said), loop).result(60)

    await asyncio.to_thread(garbage)


async def test_rates_are_the_apis(home: Household) -> None:
    """The sixth letter to an address in a minute is refused with the time to wait, on the form itself."""
    visitor = browser(home)
    for _ in range(5):
        await visitor.send("/forgot", email="maya@example.com")
        assert visitor.path == "/forgot/sent"
    await visitor.send("/forgot", email="maya@example.com")
    assert visitor.shown.status_code == 429
    assert int(visitor.shown.headers["retry-after"]) > 0
    sound(visitor.shown)
    assert (await visitor.client.post("/auth/password/forgot", json={"email": "maya@example.com"})).status_code == 429


async def test_forgotten_or_not_is_told_to_nobody(home: Household) -> None:
    """The page after “forgot” is the same whether an address has an account or not; only one gets a link."""
    await owner(home)
    pages = []
    for address in ("maya@example.com", "nobody@example.com"):
        visitor = browser(home)
        pages.append((await visitor.send("/forgot", email=address)).text)
    assert pages[0] == pages[1]
    letters = [letter for letter in await home.mail() if "token=" in text_of(letter)]
    assert [letter["To"] for letter in letters] == ["maya@example.com"]
