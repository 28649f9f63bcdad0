"""The session behind the pages: the API's own cookies, renewed in time, ended at once."""

import httpx
import pytest

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.domain.refusals import RefusedError
from rex_auth_edge.storage.store import FULL
from rex_auth_edge.web.pages import table
from tests.hub import PASSWORD, Household
from tests.pages.people import HTML, Person, browser
from tests.pages.reading import read, sound


def kept(client: httpx.AsyncClient) -> dict[str, str]:
    """The session's cookies at present."""
    return {name: client.cookies[name] for name in ("access_token", "refresh_token")}


def tab(home: Household, person: Person, cookies: dict[str, str]) -> httpx.AsyncClient:
    """Another tab of the same browser, which has asked before it got the newest cookies."""
    client = home.client(**HTML)
    for name, value in {**person.client.cookies, **cookies}.items():
        client.cookies.set(name, value, "127.0.0.1")
    return client


async def test_longer_than_ten_minutes(home: Household, maya: Person) -> None:
    """Pages renew the session by its refresh token, again and again, and forms of before stay good."""
    page = await maya.open("/me")
    for _ in range(3):
        before = kept(maya.client)
        home.clock.advance(11 * MINUTE)
        assert (await maya.client.get("/house")).status_code == 200
        assert kept(maya.client)["access_token"] != before["access_token"]
        assert kept(maya.client)["refresh_token"] != before["refresh_token"]
    home.clock.advance(11 * MINUTE)
    answer = await maya.client.post("/me", data=page.form("/me").fields | {"first_name": "Maja"})
    assert answer.headers["location"] == "/me"
    assert "Maja" in (await maya.open("/house")).text
    assert (await maya.client.get("/auth/token/validate")).status_code == 200


async def test_two_tabs(home: Household, maya: Person) -> None:
    """Both tabs may ask at the same moment; a token that comes back later ends the session."""
    home.clock.advance(11 * MINUTE)
    old = kept(maya.client)
    tabs = [tab(home, maya, old) for _ in range(3)]
    assert [(await each.get("/house")).status_code for each in tabs[:2]] == [200, 200]
    assert kept(tabs[0])["refresh_token"] == kept(tabs[1])["refresh_token"]
    home.clock.advance(11 * SECOND)
    late = await tabs[2].get("/me")
    assert late.headers["location"] == "/sign-in?next=/me"
    assert (await tabs[0].get("/house")).status_code == 303


async def test_renewed_whatever_the_answer(home: Household, maya: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next tokens come with refusals and failures too, or the browser would be signed out by them."""

    async def broken(_: object) -> None:
        raise RuntimeError("somebody typed this")

    async def full(_: object) -> None:
        raise RefusedError(FULL)

    monkeypatch.setattr(table, "_PLAIN", dict(table._PLAIN))
    table._PLAIN["/me/history"] = table.Page("/me/history", broken)  # type: ignore[arg-type]
    table._PLAIN["/me/password"] = table.Page("/me/password", full)  # type: ignore[arg-type]
    for path, status in (("/me/history", 500), ("/me/password", 503), ("/house/members/x", 404), ("/house/add", 303)):
        home.clock.advance(11 * MINUTE)
        answer = await maya.client.get(path)
        assert answer.status_code == status
        assert "refresh_token=" in str(answer.headers.get_list("set-cookie"))
        if status != 303:
            assert "somebody typed" not in sound(answer).text
        assert ("retry-after" in answer.headers) is (status == 503)
    assert (await maya.client.post("/me", data={"form_token": "00"})).status_code == 403
    assert (await maya.client.get("/house")).status_code == 200


async def test_ended_elsewhere(home: Household, maya: Person) -> None:
    """A session that another device ends is over at the next page, and its cookies are cleared."""
    phone = browser(home, "192.168.1.40")
    await phone.send("/sign-in", email="maya", password=PASSWORD)
    page = await phone.open("/me/sessions")
    other = next(form for form in page.forms if form.action != "/me/sessions")
    await phone.fill(other.action)
    assert phone.path == "/me/sessions"
    answer = await maya.client.get("/me")
    assert answer.headers["location"] == "/sign-in?next=/me"
    assert "access_token" not in maya.client.cookies
    assert (await maya.client.get("/")).headers["location"] == "/sign-in"


async def test_end_others_and_sign_out(home: Household, maya: Person) -> None:
    """One button ends the others; signing out ends this one for the API as well; everywhere ends all."""
    phone = browser(home, "192.168.1.40")
    await phone.send("/sign-in", email="maya", password=PASSWORD)
    await maya.send("/me/sessions")
    assert "All other devices" in read(maya.shown).text
    assert (await phone.client.get("/house")).status_code == 303
    token = maya.client.cookies["access_token"]
    page = await maya.send("/sign-out")
    assert "You are signed out." in page.text
    assert (await home.client().get("/auth/profile", headers={"authorization": f"Bearer {token}"})).status_code == 401
    for person in (maya, phone):
        await person.send("/sign-in", email="maya", password=PASSWORD)
    await maya.send("/sign-out", everywhere="yes")
    assert (await phone.client.get("/house")).status_code == 303


async def test_cookies_are_the_apis(home: Household, maya: Person) -> None:
    """A session begun by the API is one for the pages, and the other way round; bearer tokens are none."""
    client = home.client("192.168.1.50", **HTML)
    tokens = (await home.login(client, "maya@example.com")).json()
    assert (await client.get("/house")).status_code == 200
    assert (await maya.client.get("/auth/profile")).status_code == 200
    bearer = home.client("192.168.1.51", **HTML, authorization=f"Bearer {tokens['access_token']}")
    assert (await bearer.get("/house")).status_code == 303


async def test_over_for_good(home: Household, maya: Person) -> None:
    """A refresh token that is over leads to the sign-in; so does a forged access token, whatever else is there."""
    forged = tab(home, maya, {"access_token": maya.client.cookies["access_token"][:-2]})
    assert (await forged.get("/house")).headers["location"] == "/sign-in?next=/house"
    home.clock.advance(8 * DAY)
    assert (await maya.client.get("/house")).headers["location"] == "/sign-in?next=/house"


async def test_a_member_who_is_gone(home: Household, maya: Person) -> None:
    """Whoever leaves is signed out everywhere, and their pages are gone."""
    await maya.send("/house/add", username="nina", first_name="Nina", role="adult", password=PASSWORD)
    nina = browser(home, "192.168.1.60")
    await nina.send("/sign-in", email="nina", password=PASSWORD)
    page = await nina.send("/me/leave")
    assert "You have left" in page.text
    assert "Nina" not in (await maya.open("/house")).text
    page = await maya.send("/me/leave")
    assert maya.shown.status_code == 409
    assert "needs an owner" in page.text
