"""Every page, for everybody: sound, allowed by role and household, and silent about tokens."""

from collections.abc import Mapping

import httpx

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.roles import PERMISSIONS, Act, Role
from rex_auth_edge.web.pages.table import PAGES, For
from tests.hub import PASSWORD, Household
from tests.pages.every import ACT, BUTTONS, NAMED, OTHERWISE, spelled
from tests.pages.people import Person, browser
from tests.pages.reading import sound
from tests.tenancy.neighbours import House, Neighbours

NOBODY = "0199aaaa-0000-7000-8000-000000000000"


MEMBERS = [path for page in PAGES if page.who is For.MEMBERS for path in spelled(page)]
"""Paths of pages for who is signed in."""


def test_every_page_is_looked_at() -> None:
    """The table of this test has the program's pages."""
    assert {*ACT, *OTHERWISE} == set(MEMBERS)


def seated(home: Household, house: House, role: Role) -> Person:
    """Somebody of the house at a browser, by cookies."""
    person = browser(home, f"{house.subnet}.20")
    for name in ("access_token", "refresh_token"):
        person.client.cookies.set(name, house.tokens[role][name], "127.0.0.1")
    return person


def filled(path: str, things: Mapping[str, str]) -> str:
    """The path with ids."""
    return path.format(**{name: things[name] for name in NAMED})


def kept_silent(answer: httpx.Response, person: Person, house: House) -> None:
    """No token is in the page."""
    secrets = [text for text in person.client.cookies.values() if len(text) > 32]
    secrets += [token[name] for token in house.tokens.values() for name in ("access_token", "refresh_token")]
    names = (
        "reset token",
        "temp token",
        "invitation code",
        "device code",
        "device secret",
        "device token",
        "user code",
        "pass secret",
        "pass token",
        "child token",
    )
    secrets += [house.things[name] for name in names]
    assert not [secret for secret in secrets if secret in answer.text]


async def test_pages_of_a_role(two: Neighbours) -> None:
    """Each role sees what it may, soundly and without a token in it; what it may not is a 403 in the same clothes."""
    for role in Role:
        await look_at_all(two, role)


async def look_at_all(two: Neighbours, role: Role) -> None:
    """Every page for members, as somebody in this role."""
    person = seated(two.home, two.ours, role)
    other = Role.CHILD if role is Role.OWNER else Role.OWNER
    things = two.ours.things | {"member": two.ours.tokens[other]["user_id"]}
    for path, act in ACT.items():
        answer = await person.client.get(filled(path, things))
        if path in BUTTONS:
            assert answer.status_code == 303
            continue
        if path == "/me/picture":
            assert answer.status_code == (200 if role is Role.OWNER else 404)
            continue
        assert answer.status_code == (403 if act and role not in PERMISSIONS[act].roles else 200), path
        sound(answer)
        kept_silent(answer, person, two.ours)


async def test_links_lead_somewhere(two: Neighbours) -> None:
    """Whatever a page offers somebody, they may; nothing leads to a 403 or a 404."""
    for role in Role:
        await follow_all(two, role)


async def follow_all(two: Neighbours, role: Role) -> None:
    """Every link from page to page, as somebody in this role."""
    person, seen, waiting = seated(two.home, two.ours, role), {"#", "/"}, ["/house", "/me", "/clock"]
    while waiting:
        path = waiting.pop()
        answer = await person.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code)
        seen.add(path)
        if answer.headers["content-type"].startswith("text/html"):
            links = {link.partition("#")[0] or "/" for link in sound(answer).links}
            posts = {form.action for form in sound(answer).forms}
            waiting += sorted(links - posts - seen - set(waiting))


async def test_forms_that_a_role_may_not_send(two: Neighbours) -> None:
    """The form token of one's own page opens no act that one's role doesn't have."""
    for role in Role:
        await send_what_is_not_theirs(two, role)


async def send_what_is_not_theirs(two: Neighbours, role: Role) -> None:
    """Every form that this role doesn't have."""
    person = seated(two.home, two.ours, role)
    token = (await person.open("/me")).form("/me").fields["form_token"]
    things = two.ours.things | {"member": two.ours.tokens[Role.OWNER]["user_id"]}
    for page in PAGES:
        for path in spelled(page):
            act = ACT.get(path)
            if page.act is None or act is None or role in PERMISSIONS[act].roles or act is Act.READ:
                continue
            answer = await person.client.post(filled(path, things), data=valid(token))
            assert answer.status_code == 403, path


def valid(token: str) -> dict[str, str]:
    """Something for every field."""
    texts = {"role": "owner", "name": "x", "username": "x-new", "password": "Zebra-River-42!", "registration": "open"}
    texts |= {"kind": "lamp", "open_for": "5m", "code": "BBBB-BBBB"}
    return texts | {"form_token": token}


async def test_the_household_next_door(two: Neighbours) -> None:
    """Another household's people, sessions, invitations and codes are as absent as ones that never were."""
    person = seated(two.home, two.ours, Role.OWNER)
    token = (await person.open("/me")).form("/me").fields["form_token"]
    never = dict.fromkeys(NAMED, NOBODY)
    for page in PAGES:
        for path in spelled(page):
            if "{" not in path:
                continue
            theirs, nobodys = (filled(path, things) for things in (two.theirs.things, never))
            assert told(await person.client.get(theirs)) == told(await person.client.get(nobodys))
            if page.act is not None:
                answers = [await person.client.post(each, data=valid(token)) for each in (theirs, nobodys)]
                assert answers[0].status_code == answers[1].status_code == 404, path
                assert told(answers[0]) == told(answers[1])
    assert "Strandkorb" not in (await person.open("/house")).text


def told(answer: httpx.Response) -> tuple[int, list[str]]:
    """What an answer says, apart from the ids of its own path and the form's token."""
    text = read_text(answer)
    return answer.status_code, text.split()


def read_text(answer: httpx.Response) -> str:
    """The answer's words."""
    return sound(answer).text if answer.content else ""


async def test_fresh_sign_in(two: Neighbours) -> None:
    """Acts that ask for a fresh sign-in lead to the password first, and from there back; the others don't."""
    person = seated(two.home, two.ours, Role.OWNER)
    two.home.clock.advance(11 * MINUTE)
    for path, act in ACT.items():
        answer = await person.client.get(filled(path, two.ours.things))
        if act is not None and PERMISSIONS[act].fresh:
            assert answer.headers["location"] == f"/confirm?next={filled(path, two.ours.things)}"
        else:
            assert not answer.headers.get("location", "").startswith("/confirm")
    await person.open("/house/add")
    page = await person.fill("/confirm", password="wrong")
    assert "not your password" in page.text
    assert page.form("/confirm").fields["next"] == "/house/add"
    await person.fill("/confirm", password="Zebra-River-42!")
    assert (person.path, person.shown.status_code) == ("/house/add", 200)


async def test_pages_for_strangers(two: Neighbours) -> None:
    """What anybody sees names nobody and no household."""
    stranger = browser(two.home, "10.9.9.9")
    for page in PAGES:
        if page.who is For.MEMBERS:
            continue
        answer = await stranger.client.get(page.path, follow_redirects=True)
        assert answer.status_code in {200, 400}
        if answer.headers["content-type"].startswith("text/html"):
            sound(answer)
            assert "Hafen" not in answer.text


async def test_pages_for_members(two: Neighbours) -> None:
    """Who isn't signed in is led to the sign-in, and told to come back; nothing is done for them."""
    stranger = browser(two.home, "10.9.9.9")
    for path in MEMBERS:
        asked = filled(path, two.ours.things)
        for answer in (await stranger.client.get(asked), await stranger.client.post(asked, data={"form_token": "00"})):
            assert (answer.status_code, answer.content) == (303, b"")
            assert answer.headers["location"].startswith("/sign-in?next=/")


async def test_sign_in_next_door(two: Neighbours) -> None:
    """A household that isn't the hub's default is signed in to by its slug."""
    person = browser(two.home, "10.9.9.9")
    await person.send("/sign-in", email="ingrid-cottage", password=PASSWORD)
    assert person.shown.status_code == 401
    page = await person.send("/sign-in?household=cottage", email="ingrid-cottage", password=PASSWORD)
    assert (person.path, "Am Hafen cottage" in page.text) == ("/house", True)


async def test_buttons_with_strange_names(maya: Person) -> None:
    """Whatever a path names, to look where there is but a button leads to the page that it is on."""
    for button in sorted(BUTTONS):
        answer = await maya.client.get(filled(button, dict.fromkeys(NAMED, "%C3%A9%20%0A")))
        assert answer.status_code == 303
        assert answer.headers["location"].isprintable()


async def test_methods(maya: Person) -> None:
    """Pages are looked at and posted to; HEAD is GET without its content."""
    for method in ("PUT", "PATCH", "DELETE"):
        answer = await maya.client.request(method, "/house")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
        sound(answer)
    assert (await maya.client.head("/house")).status_code == 200
    assert (await maya.client.post("/house", data={})).status_code == 405
