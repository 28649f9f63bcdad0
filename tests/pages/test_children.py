"""The pages of a child who asks to join: the child's own screen, and the owner's, who reads the code on it."""

from tests.hub import PASSWORD, Household
from tests.pages.people import Person, browser
from tests.pages.reading import sound

LIST = "/house/children"


async def test_a_child_is_let_in(home: Household, maya: Person) -> None:
    """Asked on one screen, seen on the other; a wrong code is said to be one, the right one lets in."""
    assert "Nobody asks at present" in (await maya.open(LIST)).text
    leo = browser(home, "192.168.1.30")
    page = await leo.send("/join-as-child", first_name="Leo", username="leo", password="Comet-Garden-9!")
    sound(leo.shown)
    code = page.text.split("Show this to a parent")[1].split()[0]
    assert "A child asks to join" in " ".join((await maya.open("/house")).text.split())
    page = await maya.open(LIST)
    sound(maya.shown)
    assert "192.168.1.30" in page.text
    assert code not in page.text
    ask = next(link for link in page.links if link.startswith(f"{LIST}/"))
    page = await maya.send(ask, screen_code="ZZZZ" if code != "ZZZZ" else "YYYY")
    assert maya.shown.status_code == 400
    assert "the code on the child's screen" in sound(maya.shown).text
    assert "#f-screen_code" in page.links
    await maya.fill(ask, screen_code=code)
    assert maya.path.startswith("/house/members/")
    assert "You are in" in (await leo.open("/join-as-child")).text
    await leo.send("/sign-in", email="leo", password="Comet-Garden-9!")
    assert leo.path == "/house"


async def test_a_child_is_refused(home: Household, maya: Person) -> None:
    """Refused from the page that shows the request; the child's screen says so, and offers to begin again."""
    leo = browser(home, "192.168.1.30")
    await leo.send("/join-as-child", username="leo", password=PASSWORD)
    ask = next(link for link in (await maya.open(LIST)).links if link.startswith(f"{LIST}/"))
    assert f"{ask}/refuse" in (await maya.open(ask)).links
    await maya.send(f"{ask}/refuse")
    assert maya.path == LIST
    assert "You were not let in" in (await leo.open("/join-as-child")).text
    page = await leo.fill("/join-as-child/over")
    assert "/join-as-child" in [form.action for form in page.forms]
