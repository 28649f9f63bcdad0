"""The pages of guests' passes: made and revoked by an owner, looked at by a guest who has no account."""

import pytest

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from rex_auth_edge.web.pages.paper import left
from tests.hub import Household
from tests.pages.people import Person, browser
from tests.pages.reading import Page, sound

LIST = "/house/passes"


def words(page: Page) -> str:
    """What is to be read."""
    return " ".join(page.text.split())


async def link_of(maya: Person, **fields: str) -> str:
    """The path of a new pass's link."""
    page = await maya.send(f"{LIST}/new", **({"name": "Grandma", "scopes": "door.open gate.open"} | fields))
    assert maya.path == "/house/handed", page.text
    sound(maya.shown)
    return "/pass?secret=" + page.text.split("/pass?secret=")[1].split()[0]


async def test_a_guests_pass(home: Household, maya: Person) -> None:
    """Made, handed over by a link that leaves the address at once, shown with a QR code, revoked, and dead."""
    assert "No guest has a pass" in words(await maya.open(LIST))
    link = await link_of(maya)
    await maya.fill("/house/handed")
    assert maya.path == LIST
    assert "Grandma open For another 8 hours \u00b7 door.open, gate.open" in words(sound(maya.shown))
    guest = browser(home, "192.168.1.99")
    text = words(await guest.open(link))
    assert (guest.path, guest.shown.url.query) == ("/pass", b"")
    sound(guest.shown)
    assert "Grandma\u2019s pass For Home , for another 8 hours ." in text
    assert "open this page again" not in text
    assert (await guest.client.get("/pass/qr.svg")).text.startswith("<svg")
    assert "looked at just now" in words(await maya.open(LIST))
    revoke = next(link for link in (await maya.open(LIST)).links if link.endswith("/revoke"))
    assert "Grandma revoked door.open" in words(await maya.send(revoke))
    assert "This pass opens nothing" in words(await guest.open("/pass"))
    assert guest.shown.status_code == 400
    assert (await guest.client.get("/pass/qr.svg")).status_code == 400


async def test_before_it_begins(home: Household, maya: Person) -> None:
    """A pass that hasn't begun says so: with its picture within a day of it, and without one before."""
    guest = browser(home, "192.168.1.99")
    text = words(await guest.open(await link_of(maya, starts="6h")))
    assert "It opens nothing yet: it begins in 6 hours" in text
    assert "img" in sound(guest.shown).tags
    text = words(await guest.open(await link_of(maya, starts="7d", ends="3d")))
    assert "It begins in 7 days : open this page again when less than a day is left" in text
    assert "img" not in sound(guest.shown).tags
    assert (await guest.client.get("/pass/qr.svg")).status_code == 404
    home.clock.advance(7 * DAY)
    text = words(await guest.open("/pass"))
    assert "for another 3 days" in text
    assert "This picture is good for 24 hours ; open this page again then." in text


@pytest.mark.parametrize(
    ("typed", "field"), [({"name": " "}, "name"), ({"scopes": ""}, "scopes"), ({"ends": "x"}, "ends")]
)
async def test_refusals_beside_their_fields(maya: Person, typed: dict[str, str], field: str) -> None:
    """What can't be is said at the top and beside the field, and what was typed stays."""
    good = {"name": "Grandma", "scopes": "door.open", "ends": "3d"}
    page = await maya.send(f"{LIST}/new", **(good | typed))
    assert maya.shown.status_code == 400
    sound(maya.shown)
    assert f"#f-{field}" in page.links
    assert f"e-{field}" in page.pointed_at
    kept = page.form(f"{LIST}/new").fields
    assert all(kept[name] == text for name, text in good.items() if name not in typed and name != "ends")


def test_what_is_left() -> None:
    """Minutes are rounded up, so that nothing is said to be over that isn't; hours and days are near enough."""
    said = {
        0: "0 minutes", -5: "0 minutes", 1: "1 minute", MINUTE: "1 minute", MINUTE + 1: "2 minutes", HOUR: "60 minutes",
        2 * HOUR: "2 hours", 8 * HOUR - 1: "8 hours", DAY: "24 hours", 2 * DAY: "2 days", 30 * DAY - 1: "30 days",
    }  # fmt: skip
    assert {length: left(1000 + length, 1000) for length in said} == said
