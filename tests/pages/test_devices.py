"""The pages of devices: let in, looked at, changed, suspended, removed; what is to come withdrawn."""

import asyncio

import httpx

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.devices import Kind, Wish
from rex_auth_edge.flows.devices import adding
from rex_auth_edge.flows.household.actor import Actor
from tests.devices.machines import DEVICE_CODE, Machine
from tests.hub import Household
from tests.pages.people import Person
from tests.pages.reading import Page, sound

LIST = "/house/devices"
LAMP = {"name": "Lamp by the sofa", "kind": "lamp", "room": "Living room", "scopes": "light.set  light.read"}


async def code_for(maya: Person, **fields: str) -> str:
    """The code that Maya is shown once."""
    page = await maya.send(f"{LIST}/add", **(LAMP | fields))
    assert maya.path == "/house/handed", page.text
    return page.text.split("no other.")[1].split()[0]


async def let_in(maya: Person, line: httpx.AsyncClient, **fields: str) -> Machine:
    """A device that has come, with a key of its own."""
    machine = Machine(line)
    answer = await machine.redeem(await code_for(maya, **fields))
    assert answer.status_code == 200, answer.text
    return machine


def words(page: Page) -> str:
    """What is to be read."""
    return " ".join(page.text.split())


async def test_let_in(maya: Person, line: httpx.AsyncClient) -> None:
    """Nothing, then one to come, shown with a QR code, then its record: name, room, kind, key, rights, who and when."""
    assert "No device has been let in yet" in words(await maya.open(LIST))
    code = await code_for(maya)
    assert "Good for 10 minutes" in words(sound(maya.shown))
    drawn = await maya.client.get("/house/handed/qr.svg")
    assert drawn.text.startswith("<svg")
    await maya.fill("/house/handed")
    assert maya.path == LIST
    assert "its code is good for 10 minutes" in words(sound(maya.shown))
    assert code not in maya.shown.text

    machine = Machine(line)
    await machine.redeem(code)
    listed = await maya.open(LIST)
    assert "To come" not in listed.text
    assert "Lamp · seen just now · let in by Maya" in words(listed)
    record = words(await maya.open(f"{LIST}/{machine.id}"))
    assert "What it may do light.read light.set" in record
    assert "Last seen just now , from 192.168.1.77 Let in just now , by Maya" in record
    assert machine.key.thumbprint in record


async def test_rooms(maya: Person, line: httpx.AsyncClient) -> None:
    """By room, however it is spelled, those in none last; rooms that are there are offered to the next device."""
    for name, room in (("Thing", ""), ("Door", "Hall"), ("Kettle", "Kitchen"), ("Bell", "hall")):
        await let_in(maya, line, name=name, room=room)
    text = words(await maya.open(LIST))
    places = [text.index(word) for word in ("Hall", "Bell", "Kitchen", "Kettle", "Elsewhere", "Thing")]
    assert places == sorted(places)
    assert "hall" not in text
    await maya.open(f"{LIST}/add")
    assert '<option value="Kitchen">' in maya.shown.text


async def test_every_kind_has_a_picture(maya: Person) -> None:
    """Each kind of device is drawn, and offered."""
    icons = (await maya.client.get("/assets/icons.svg")).text
    await maya.open(f"{LIST}/add")
    for kind in Kind:
        assert f'id="{kind}"' in icons
        assert f'value="{kind}"' in maya.shown.text


REFUSED = [
    ({"name": " "}, "name", "1 to 80 characters"),
    ({"kind": "dragon"}, "kind", "kind is one of"),
    ({"room": "x" * 81}, "room", "at most 80"),
    ({"scopes": "Door!"}, "scopes", "small letters"),
    ({"scopes": "hub.rule"}, "scopes", "There is no scope hub.rule"),
]


async def test_refusals_beside_their_fields(maya: Person) -> None:
    """What can't be is said at the top and beside the field, and what was typed stays."""
    for typed, field, said in REFUSED:
        page = await maya.send(f"{LIST}/add", **(LAMP | typed))
        assert maya.shown.status_code == 400
        sound(maya.shown)
        assert f"#f-{field}" in page.links
        assert f"e-{field}" in page.pointed_at
        assert said in page.text
        kept = page.form(f"{LIST}/add").fields
        assert all(kept[name] == text for name, text in LAMP.items() if name not in typed)


async def test_change(maya: Person, line: httpx.AsyncClient) -> None:
    """Another name, no room, one right fewer: in force for what it asks next; more than it had can't be asked for."""
    machine = await let_in(maya, line)
    path = f"{LIST}/{machine.id}"
    form = (await maya.open(f"{path}/change")).form(f"{path}/change")
    assert {"scope_light.set": "yes", "scope_light.read": "yes"}.items() <= form.fields.items()
    data = form.fields | {"name": "Night light", "room": "", "scope_door.open": "yes"}
    del data["scope_light.set"]
    await maya.client.post(f"{path}/change", data=data)
    text = words(await maya.open(path))
    assert "Saved." in text
    assert "Night light" in text
    assert "Room none What it may do light.read Last seen" in text
    assert (await machine.renew()).json()["scope"] == "light.read"
    page = await maya.send(f"{path}/change", name="")
    assert maya.shown.status_code == 400
    assert "#f-name" in page.links


async def test_suspended_and_let_go_on(maya: Person, line: httpx.AsyncClient) -> None:
    """Suspended it gets no token; let go on it does. Both are asked about first, and the page says where it stands."""
    machine = await let_in(maya, line)
    path = f"{LIST}/{machine.id}"
    await maya.open(f"{path}/suspend")
    assert (await machine.renew()).status_code == 200
    assert "suspended" in words(await maya.fill(f"{path}/suspend"))
    assert (await machine.renew()).status_code == 401
    assert "suspended" in words(await maya.open(LIST))
    await maya.send(f"{path}/resume")
    assert maya.path == path
    assert (await machine.renew()).status_code == 200


async def test_removed(maya: Person, line: httpx.AsyncClient) -> None:
    """Removed it is on no list, has no record, and gets nothing; the same is said to who removes it once more."""
    machine = await let_in(maya, line)
    path = f"{LIST}/{machine.id}/remove"
    token = (await maya.open(path)).form(path).fields
    await asyncio.gather(*(maya.client.post(path, data=token) for _ in range(3)))
    assert "No device has been let in yet" in words(await maya.open(LIST))
    for gone in (path, f"{LIST}/{machine.id}", f"{LIST}/{machine.id}/change"):
        await maya.open(gone)
        assert maya.shown.status_code == 404
    assert (await machine.renew()).status_code == 401


async def test_withdrawn(maya: Person, line: httpx.AsyncClient) -> None:
    """A code that is withdrawn lets nobody in; a device that has come isn't removed by that way."""
    code = await code_for(maya)
    path = next(link for link in (await maya.open(LIST)).links if link.endswith("/withdraw"))
    assert "is withdrawn" not in words(await maya.send(path))
    assert maya.path == LIST
    answer = await line.post("/oauth/token", data={"grant_type": DEVICE_CODE, "device_code": code})
    assert answer.status_code == 400
    machine = await let_in(maya, line)
    token = (await maya.open("/me")).form("/me").fields["form_token"]
    answer = await maya.client.post(f"{LIST}/{machine.id}/withdraw", data={"form_token": token})
    assert answer.status_code == 404
    assert (await machine.renew()).status_code == 200


async def test_too_late(home: Household, maya: Person) -> None:
    """What is shown once says so when it is too old; what didn't come in time is no longer to come."""
    await code_for(maya)
    home.clock.advance(9 * MINUTE + MINUTE // 2)
    assert "Good for 1 minute." in words(await maya.open("/house/handed"))
    home.clock.advance(MINUTE)
    assert "Too old by now" in words(await maya.open("/house/handed"))
    assert "To come" not in (await maya.open(LIST)).text


async def test_who_let_it_in(home: Household, maya: Person, line: httpx.AsyncClient) -> None:
    """The console is named as such."""
    wish = Wish("Bell", Kind.SPEAKER, None, ())
    made = await adding.add(home.hub.parts, Actor.console(home.hub.parts.home), wish)
    assert isinstance(made, adding.Awaited)
    await Machine(line).redeem(made.code)
    text = words(await maya.open(LIST))
    assert "In no room" in text
    assert "let in by the hub\u2019s console" in text


async def test_names_stay_names(maya: Person, line: httpx.AsyncClient) -> None:
    """Whatever devices and rooms are called, it is text on every page that shows it, and never markup."""
    name = '"><script>&lt;b&gt;{{ 7*7 }}'
    machine = await let_in(maya, line, name=name, room=name)
    for path in (LIST, f"{LIST}/{machine.id}", f"{LIST}/{machine.id}/change", f"{LIST}/{machine.id}/remove"):
        page = sound(await maya.client.get(path))
        assert name in page.text or path == f"{LIST}/{machine.id}/change"
    await code_for(maya, name=name, room=name)
    assert name in sound(maya.shown).text
