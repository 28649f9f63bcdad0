"""Where forms lead: on, to a page of ours, with a sentence that is ours."""

from urllib.parse import urlsplit

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rex_auth_edge.web.pages.notices import NOTICES
from rex_auth_edge.web.pages.onward import own_path
from tests.hub import PASSWORD, Household
from tests.pages.people import Person, browser
from tests.pages.reading import read

MAYA = {"email": "maya", "password": PASSWORD}
FORM = settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def session_of(answer: httpx.Response) -> bool:
    """Whether an answer signs somebody in."""
    return any(line.startswith("access_token=ey") for line in answer.headers.get_list("set-cookie"))


@given(st.text() | st.text("/\\.:@?#%2fe \t\n\r").map(lambda text: "/" + text))
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("/.//evil.example")
@example("https://evil.example/house")
@example("javascript:alert(1)")
@example("/home\r\nset-cookie: x=y")
def test_next_is_a_path_of_ours(text: str) -> None:
    """Whatever `next` says, it is a plain path here or nothing."""
    path = own_path(text)
    assert path is None or path == text
    if path is not None:
        parts = urlsplit(path)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert path.isascii()
        assert path.isprintable()
        assert path[0] == "/"
        assert path[1:2] not in {"/", "\\"}


async def test_sign_in_leads_on(home: Household, maya: Person) -> None:
    """To the page that was asked for, and never to another site."""
    for asked, leads in (
        ("/me/history", "/me/history"),
        ("//evil.example", "/house"),
        ("https://evil.example", "/house"),
    ):
        visitor = browser(home)
        await visitor.client.get("/sign-in", params={"next": asked})
        visitor.answer = await visitor.client.get("/sign-in", params={"next": asked})
        answer = await visitor.post("/sign-in", **MAYA)
        assert (answer.status_code, answer.headers["location"]) == (303, leads)
        assert (await visitor.client.get("/sign-in", params={"next": asked})).headers["location"] == leads
    token = (await maya.open("/confirm")).form("/confirm").fields["form_token"]
    data = {"form_token": token, "password": PASSWORD, "next": "https://evil.example/"}
    assert (await maya.client.post("/confirm", data=data)).headers["location"] == "/house"


async def test_notices_are_a_closed_set(home: Household) -> None:
    """Nobody writes on the page by a cookie or an address."""
    visitor = browser(home)
    plain = (await visitor.open("/sign-in")).text
    for said in ("<b>hello</b>", "You+have+won", "signed-out%20", "__class__", "x" * 500, "null"):
        visitor.client.cookies.set("rex_said", said)
        assert (await visitor.open("/sign-in")).text == plain
        assert (await visitor.open(f"/sign-in?said={said}&error={said}&message={said}")).text == plain


async def test_a_notice_is_said_once(home: Household, maya: Person) -> None:
    """After a post one is led to a page that says what was done; loaded again, it doesn't."""
    answer = (await maya.send("/me", phone_number="+49 40 1"), maya.shown)[1]
    assert NOTICES["profile-changed"] in read(answer).text
    assert NOTICES["profile-changed"] not in (await maya.open("/me")).text
