"""Errors in the pages' clothes for people; for programs they stay what the contract says."""

from rex_auth_edge.domain.clock import ClockState
from tests.hub import Household
from tests.pages.people import Person, browser
from tests.pages.reading import sound


async def test_nothing_here(home: Household) -> None:
    """A page for browsers, JSON for everybody else."""
    for path in ("/nothing", "/homes", "/house/nothing", "/me/x/y", "/sign-in/x", "/assets.css"):
        answer = await browser(home).client.get(path)
        assert answer.status_code == 404
        assert "Nothing here" in sound(answer).text
        answer = await home.client().get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_api_stays_json(home: Household) -> None:
    """Whatever a program says that it accepts."""
    for path in ("/auth/nothing", "/api/nothing", "/household/nothing", "/health/x", "/.well-known/x"):
        answer = await browser(home).client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_pages_are_no_part_of_the_document(home: Household) -> None:
    """The API's document has the API."""
    paths = (await home.client().get("/openapi.json")).json()["paths"]
    assert not {"/house", "/me", "/sign-in", "/"} & set(paths)


async def test_the_clock(home: Household, maya: Person) -> None:
    """Every page says that the hub isn't sure of the time, while it isn't, and one says why."""
    assert "/clock" not in (await maya.open("/house")).links
    home.clock.state = ClockState.FLOOR
    for person in (maya, browser(home)):
        assert "/clock" in (await person.open("/sign-in")).links
        page = await person.open("/clock")
        assert "A test's hand has set it: floor." in page.text
        sound(person.shown)


async def test_owners_prove_themselves_once_a_boot(home: Household, maya: Person) -> None:
    """While the clock isn't sure, what is an owner's alone asks for the password of a session of an earlier boot."""
    home.clock.state = ClockState.FLOOR
    home.clock.reboot()
    assert (await maya.client.get("/house")).status_code == 200
    answer = await maya.client.get("/house/invites")
    assert answer.headers["location"] == "/confirm?next=/house/invites"
    await maya.open("/house/invites")
    await maya.fill("/confirm", password="Zebra-River-42!")
    assert (maya.path, maya.shown.status_code) == ("/house/invites", 200)


async def test_static_files(home: Household) -> None:
    """Icons and styles may be kept, load nothing, and answer like everything else."""
    for path, kind in (("/assets/icons.svg", "image/svg+xml"), ("/assets/icon.svg", "image/svg+xml")):
        answer = await home.client().get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert "max-age" in answer.headers["cache-control"]
        assert "http" not in answer.text.replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "<script" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
