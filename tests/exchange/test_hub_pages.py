"""In the cloud an owner lets hubs in, and removes them, by pages: nobody but its operator has a console there."""

from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.refusals import Refused
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, signed_in
from tests.exchange.street import CLOUD
from tests.hub import PASSWORD
from tests.pages.people import Person, browser
from tests.pages.reading import sound

LIST, CLAIM = "/house/sync", "/house/sync/claim"


async def visitor(street: Street, name: str = "maya") -> Person:
    """Somebody at a browser, who has signed in to the cloud's household."""
    person = browser(street.cloud.home)
    who = name if name != "maya" else "maya@example.com"
    await person.send(f"/sign-in?household={street.cloud.tenant}", email=who, password=PASSWORD)
    assert person.path == "/house", person.shown.text
    return person


def removal(hub: UUID) -> str:
    """The page on which it is removed."""
    return f"/house/sync/hubs/{hub}/remove"


async def joined_by_page(street: Street, maya: Person) -> None:
    """The first hub, by a code that a page has shown."""
    page = await maya.send(CLAIM)
    assert (maya.path, f"sync enroll {CLOUD}" in page.text) == ("/house/handed", True)
    code = next(word for word in page.text.split() if word.count("-") >= 6)
    hub = street.hubs[0]
    said = await hub.sync.enrol(hub.tenant, CLOUD, code)
    assert not isinstance(said, Refused), said
    await agree(street)
    await maya.fill("/house/handed")
    assert maya.path == LIST


async def test_a_hub_is_let_in_and_removed(street: Street) -> None:
    """By a code that is shown once; it stands in the list; when it is gone, and was stolen after all."""
    maya, hub = await visitor(street), street.hubs[0]
    assert "No hub has this household" in (await maya.open(LIST)).text
    await joined_by_page(street, maya)
    page = sound(await maya.client.get(LIST))
    assert removal(hub.id) in page.links
    page = await maya.send(removal(hub.id), how="gone", since="2d")
    assert (maya.shown.status_code, "of a stolen one only" in page.text) == (400, True)
    page = await maya.fill(removal(hub.id), how="gone", since="")
    assert (maya.path, "Its sessions are over" in page.text) == (LIST, True)
    assert (await hub.meet()).removed
    page = await maya.send(removal(hub.id), how="stolen", since="soon")
    assert (maya.shown.status_code, "That is no time" in page.text) == (400, True)
    page = await maya.fill(removal(hub.id), since="")
    assert (maya.path, "all that it had let in" in page.text) == (LIST, True)
    assert (await signed_in(street.cloud.home, "maya")).status_code == 401, "it could check her password"


async def test_how_it_went_has_to_be_said(street: Street) -> None:
    """A form without that is sent back, and removes nothing."""
    maya, hub = await visitor(street), street.hubs[0]
    await joined_by_page(street, maya)
    page = await maya.send(removal(hub.id))
    assert (maya.shown.status_code, "Please fill this in" in page.text) == (400, True)
    assert not (await hub.meet()).removed


@pytest.mark.parametrize("role", ["adult", "child", "guest"])
async def test_who_owns_nothing(street: Street, role: str) -> None:
    """Sees none of it, and does none of it by a form token of their own."""
    await add(street.cloud.home, "noah", role)
    await joined_by_page(street, await visitor(street))
    noah = await visitor(street, "noah")
    assert role.capitalize() in (await noah.open("/me")).text
    token = (await noah.open("/me")).form("/me").fields["form_token"]
    for path in (LIST, CLAIM, removal(street.hubs[0].id)):
        assert (await noah.client.get(path)).status_code == 403
        if path != LIST:
            answer = await noah.client.post(path, data={"form_token": token, "how": "stolen"})
            assert answer.status_code == 403
    assert not (await street.hubs[0].meet()).removed


async def test_what_is_no_hub_of_the_household(street: Street) -> None:
    """One next door is as absent as one that never was; and a hub itself has no such pages."""
    maya, hub = await visitor(street), street.hubs[0]
    for name in (hub.id, UUID(int=1)):
        for answer in (await maya.client.get(removal(name)), await maya.client.get(removal(name))):
            assert answer.status_code == 404
    async with hub.home.client() as client:
        await hub.home.own(client, "maya@example.com", "maya")
    at_home = browser(hub.home)
    await at_home.send("/sign-in", email="maya", password=PASSWORD)
    for path in (CLAIM, removal(hub.id)):
        assert (await at_home.client.get(path)).status_code == 404


async def test_a_fresh_sign_in_is_asked_for(street: Street) -> None:
    """Both lead to the password first."""
    maya = await visitor(street)
    street.clock.advance(11 * MINUTE)
    for path in (CLAIM, removal(UUID(int=1))):
        answer = await maya.client.get(path)
        assert answer.headers["location"] == f"/confirm?next={path}"
