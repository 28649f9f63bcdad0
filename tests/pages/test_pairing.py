"""The pages for devices that ask: the window, a code that is typed, what is shown before anybody lets one in."""

import asyncio
from typing import Any

import httpx
import pytest

from rex_auth_edge.domain.asks import MISSES
from rex_auth_edge.domain.clock import MINUTE
from tests.devices.machines import DEVICE_CODE, Machine, asked
from tests.hub import PASSWORD, Household
from tests.pages.people import Person, browser
from tests.pages.reading import Page, sound

LIST, WINDOW, ASKS = "/house/devices", "/house/devices/window", "/house/devices/asks"


def words(page: Page) -> str:
    """What is to be read."""
    return " ".join(page.text.split())


@pytest.fixture
async def opened(maya: Person) -> Person:
    """Maya, who has opened the window."""
    await maya.send(WINDOW, open_for="10m")
    assert maya.path == WINDOW
    return maya


async def poll(line: httpx.AsyncClient, said: dict[str, Any]) -> dict[str, Any]:
    """What the device is told when it asks whether it may come in."""
    form = {"grant_type": DEVICE_CODE, "device_code": said["device_code"], "client_id": "rex-device"}
    return dict((await line.post("/oauth/token", data=form)).json())


async def looked_up(maya: Person, code: str) -> Page:
    """What Maya sees of the device with this code."""
    page = await maya.send("/device", code=code)
    assert maya.path.startswith(f"{ASKS}/"), page.text
    return page


async def words_asked(line: httpx.AsyncClient) -> None:
    """A device asks whose key is compared by six words."""
    machine, form = Machine(line), {"client_id": "rex-device", "name": "Rex", "kind": "robot", "way": "window"}
    answer = await machine.post("/oauth/device_authorization", form)
    assert answer.status_code == 200, answer.text


async def test_the_window(home: Household, maya: Person, line: httpx.AsyncClient) -> None:
    """Closed, then open for minutes and tries, both of which are shown; closed by time, or by hand with what waits."""
    assert "For how long" in words(await maya.open(WINDOW))
    text = words(await maya.send(WINDOW, open_for="3m"))
    assert "Devices may ask for another 3 minutes, 20 more times." in text
    assert "No device asks yet" in text
    said = await asked(line)
    home.clock.advance(MINUTE)
    text = words(await maya.open(WINDOW))
    assert "Devices may ask for another 2 minutes, 19 more times." in text
    assert "Kitchen Speaker · asked 1 minute ago from 192.168.1.77" in text
    assert "A device asks to be let in" in words(await maya.open(LIST))
    assert "A device asks to be let in" in words(await maya.open("/house"))
    await maya.open(WINDOW)
    text = words(await maya.fill(f"{WINDOW}/close"))
    assert "Closed." in text
    assert "For how long" in text
    assert (await poll(line, said))["error"] == "access_denied"
    await maya.send(WINDOW, open_for="3m")
    home.clock.advance(3 * MINUTE)
    assert "For how long" in words(await maya.open(WINDOW))


async def test_lengths(maya: Person) -> None:
    """Only what is offered can be had, whatever is sent; no length is the usual one."""
    for length in ("2m", "16m", "1h", "x"):
        page = await maya.send(WINDOW, open_for=length)
        assert maya.shown.status_code == 400
        sound(maya.shown)
        assert "#f-open_for" in page.links
    assert "another 5 minutes" in words(await maya.send(WINDOW, open_for=""))


async def test_by_its_code(opened: Person, line: httpx.AsyncClient) -> None:
    """What asks, from where and for what is shown first; let in it has the name, room and rights that were chosen."""
    said = await asked(line, room="Kitchen")
    text = words(await looked_up(opened, said["user_code"].lower()))
    sound(opened.shown)
    assert "It says it is Kitchen (speaker), Kitchen" in text
    assert "It asks from 192.168.1.77 a home\u2019s network" in text
    assert f"Does it show or say this? {said['user_code']} On the device itself" in text
    assert (await poll(line, said))["error"] == "authorization_pending"
    form = opened.path
    fields = (await opened.open(form)).form(form).fields
    assert {
        "name": "Kitchen",
        "room": "Kitchen",
        "scope_lights": "yes",
        "scope_door.open": "yes",
    }.items() <= fields.items()
    data = fields | {"name": "Voice", "room": "", "scope_everything": "yes"}
    del data["scope_door.open"]
    assert (await opened.client.post(form, data=data)).headers["location"] == LIST
    given = await poll(line, said)
    assert given["scope"] == "lights"
    record = words(await opened.open(f"{LIST}/{given['client_id']}"))
    assert "Room none What it may do lights" in record
    assert "by Maya" in record
    await opened.open(form)
    assert opened.shown.status_code == 404


async def test_by_its_words(opened: Person, line: httpx.AsyncClient) -> None:
    """The four words that it says mean the same, as people type them."""
    said = await asked(line)
    text = words(await looked_up(opened, said["verification_words"].title().replace(" ", ", ")))
    assert "Does it show or say this?" in text
    await opened.fill(opened.path)
    assert opened.path == LIST
    assert "client_id" in await poll(line, said)


async def test_a_link_approves_nothing(opened: Person, line: httpx.AsyncClient) -> None:
    """The code of a link is filled in, and leaves the address at once; a person looks it up and lets it in."""
    said = await asked(line)
    link = said["verification_uri_complete"].removeprefix("http://127.0.0.1:8000")
    page = await opened.open(link)
    assert (opened.path, str(opened.shown.url.query)) == ("/device", "b''")
    assert page.form("/device").fields["code"] == said["user_code"]
    assert (await poll(line, said))["error"] == "authorization_pending"
    await opened.fill("/device")
    assert (await poll(line, said))["error"] in {"authorization_pending", "slow_down"}
    assert "Let this device in?" in words(await opened.open(opened.path))


@pytest.mark.parametrize("code", ["<b>x</b>", "a;b", "x" * 81, "\r\nSet-Cookie: a=b", "", "\u00e9", '"'])
async def test_links_that_are_no_codes(maya: Person, code: str) -> None:
    """Whatever a link says, nothing but letters is filled in."""
    answer = await maya.client.get("/device", params={"user_code": code})
    assert answer.headers["location"] == "/device"
    page = await maya.open("/device")
    assert page.form("/device").fields["code"] == ""


async def test_signed_out(home: Household, opened: Person, line: httpx.AsyncClient) -> None:
    """Who follows a link signed out signs in, and finds the code again; who signed in long ago says so once more."""
    said = await asked(line)
    phone = browser(home, "192.168.1.30")
    await phone.open(f"/device?user_code={said['user_code']}")
    assert (phone.path, phone.shown.url.query) == ("/sign-in", b"next=/device")
    page = await phone.fill("/sign-in", email="maya", password=PASSWORD)
    assert (phone.path, page.form("/device").fields["code"]) == ("/device", said["user_code"])
    home.clock.advance(11 * MINUTE)
    await phone.open("/device")
    assert phone.path == "/confirm"


async def test_from_elsewhere(home: Household, opened: Person) -> None:
    """A device that doesn't ask from a home's network is marked as such wherever it is shown, and warned of."""
    async with home.client("203.0.113.9") as stranger:
        said = await asked(stranger, name="Rex")
    text = words(await opened.open(WINDOW))
    assert "Rex not from here Speaker" in text
    text = words(await looked_up(opened, said["user_code"]))
    assert "It does not ask from your home\u2019s network , but from 203.0.113.9" in text
    assert "Let it in all the same" in text
    sound(opened.shown)


async def test_six_words(opened: Person, line: httpx.AsyncClient) -> None:
    """What asks by words is shown with them, to be compared with the device's own; refused it stays outside."""
    await words_asked(line)
    page = await opened.open(WINDOW)
    ask = next(link for link in page.links if link.startswith(f"{ASKS}/"))
    page = await opened.open(ask)
    compare = page.form(ask).fields["code"]
    assert len(compare.split()) == 6
    assert f"Does it show these words? {compare} All six" in words(page)
    await opened.fill(f"{ask}/refuse")
    assert opened.path == WINDOW
    assert "No device asks yet" in opened.shown.text
    await opened.open(ask)
    assert opened.shown.status_code == 404
    await words_asked(line)
    again = next(link for link in (await opened.open(WINDOW)).links if link.startswith(f"{ASKS}/"))
    page = await opened.open(again)
    assert page.form(again).fields["code"] != compare
    await opened.fill(again)
    assert opened.path == LIST


async def test_wrong_codes(opened: Person, line: httpx.AsyncClient) -> None:
    """Each tells how many more there may be; after the last the device has to ask anew, and its own code is void."""
    said = await asked(line)
    for left in range(MISSES - 1, 0, -1):
        page = await opened.send("/device", code="BBBB-BBBB")
        assert opened.shown.status_code == 400
        assert f"{left} wrong code" in words(page)
        assert "#f-code" in page.links
    assert "have it ask anew" in words(await opened.send("/device", code="BBBB-BBBB"))
    assert "have it ask anew" in words(await opened.send("/device", code=said["user_code"]))
    assert "fill this in" in words(await opened.send("/device", code=" "))


async def test_from_the_list_a_code_is_asked_for(opened: Person, line: httpx.AsyncClient) -> None:
    """Whoever finds a device in the list still has to type its code; what else was typed stays when it is wrong."""
    said = await asked(line)
    ask = next(link for link in (await opened.open(WINDOW)).links if link.startswith(f"{ASKS}/"))
    page = await opened.send(ask, code="BBBB-BBBB", name="Voice")
    assert opened.shown.status_code == 400
    sound(opened.shown)
    assert f"{MISSES - 1} wrong codes more" in words(page)
    assert page.form(ask).fields["name"] == "Voice"
    page = await opened.fill(ask, code=said["user_code"], name=" ")
    assert "#f-name" in page.links
    assert page.form(ask).fields["code"] == said["user_code"]
    await opened.fill(ask, name="Voice")
    assert opened.path == LIST
    assert (await poll(line, said))["client_id"]


async def test_one_wins(opened: Person, line: httpx.AsyncClient) -> None:
    """Let in and refused at the same time, from several windows: what the device gets is what one of them said."""
    said = await asked(line)
    page = await looked_up(opened, said["user_code"])
    ask, forms = opened.path, (opened.path, f"{opened.path}/refuse")
    fields = [page.form(path).fields for path in forms]
    answers = await asyncio.gather(*(
        opened.client.post(path, data=each) for path, each in zip(forms * 3, fields * 3, strict=True)
    ))  # fmt: skip
    assert {answer.status_code for answer in answers} <= {303, 404}
    await opened.open(ask)
    assert opened.shown.status_code == 404
    told = await poll(line, said)
    assert told.get("error") == "access_denied" or "client_id" in told


async def test_closed(maya: Person) -> None:
    """While no device may ask, the page for codes says so before anybody types one."""
    assert "No device may ask at present" in words(await maya.open("/device"))
