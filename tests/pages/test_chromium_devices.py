"""The pages of devices and passes in a real browser, without scripts: let in, changed, ended; by phone, by desk."""

from pathlib import Path

import httpx
from playwright.sync_api import Browser

from tests.devices.machines import DEVICE_CODE
from tests.pages.chromium import DESK, PHONE, Watched, claimed, untroubled, visit
from tests.processes import Process, serving


def let_in(maya: Watched, hub: Process, name: str, room: str) -> None:
    """Maya adds a device, which shows the code."""
    maya.open("/house/devices")
    maya.press("Add a device")
    maya.type(name=name, room=room, scopes="light.set door.open")
    maya.press("Make its code")
    code = maya.text(".big")
    maya.press("Done")
    assert name in maya.text()
    said = httpx.post(f"{hub.url}/oauth/token", data={"grant_type": DEVICE_CODE, "device_code": code}, trust_env=False)
    assert said.status_code == 200, said.text


def asked(hub: Process, address: str = "192.168.1.77", **said: str) -> dict[str, str]:
    """What a device is told that asks to be let in."""
    form = {"client_id": "rex-device", "name": "Kitchen", "kind": "speaker", "scope": "lights door.open"} | said
    headers = {"x-forwarded-for": address}
    answer = httpx.post(f"{hub.url}/oauth/device_authorization", data=form, headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_asking(browser: Browser, tmp_path: Path) -> None:
    """The window, what asks, the code that it says, a warning of what asks from afar: by phone, looked at by desk."""
    with serving(tmp_path / "data", REX_REGISTRATION="invite", REX_TRUSTED_PROXIES="127.0.0.1") as hub:
        maya = claimed(hub, browser, PHONE)
        for size in (PHONE, DESK):
            maya.page.set_viewport_size(size)  # type: ignore[arg-type]
            maya.looked_at.clear()
            maya.open("/device")
            maya.press("Let devices ask")
            maya.press("Let devices ask")
            far = asked(hub, "203.0.113.9", name="Far away", kind="camera")
            said = asked(hub)
            maya.press("Look again")
            maya.press("Far away")
            assert "It does not ask from your home" in maya.text()
            maya.press("Refuse it")
            maya.open("/device")
            maya.type(code=far["user_code"])
            maya.press("Look it up")
            assert "No device asks with this code" in maya.text(".summary")
            maya.open(f"/device?user_code={said['user_code']}")
            assert maya.path == "/device"
            maya.press("Look it up")
            assert said["user_code"] in maya.text(".words")
            maya.page.get_by_text("door.open").uncheck()
            maya.press("Let it in")
            assert maya.path == "/house/devices"
            maya.press("Look, or close it")
            maya.press("Close now")
    untroubled(maya)


def test_devices(hub: Process, browser: Browser) -> None:
    """Let in, renamed, restricted, suspended, let go on and removed by phone; each page looked at by desk too."""
    maya = claimed(hub, browser, PHONE)
    for size in (PHONE, DESK):
        maya.page.set_viewport_size(size)  # type: ignore[arg-type]
        maya.looked_at.clear()
        let_in(maya, hub, "Lamp by the sofa", "Living room")
        maya.open("/house/devices")
        maya.press("Lamp by the sofa")
        maya.press("Change its name")
        maya.page.get_by_text("door.open").uncheck()
        maya.type(name="Night light")
        maya.press("Save")
        assert "Saved" in maya.text()
        assert "door.open" not in maya.text()
        maya.press("Suspend")
        maya.press("Suspend")
        maya.press("Let it go on")
        maya.press("Let it go on")
        maya.press("Remove for good")
        maya.press("Remove for good")
        assert "No device has been let in yet" in maya.text()
    untroubled(maya)


def test_passes(hub: Process, browser: Browser) -> None:
    """A guest's pass: made, handed over, looked at on the guest's own phone, revoked; by phone and by desk."""
    maya, guest = claimed(hub, browser, PHONE), visit(browser, hub.url, PHONE)
    for size in (PHONE, DESK):
        for person in (maya, guest):
            person.page.set_viewport_size(size)  # type: ignore[arg-type]
            person.looked_at.clear()
        maya.open("/house/passes")
        maya.press("Make a pass")
        maya.type(name="Grandma", scopes="door.open gate.open")
        maya.press("Make the pass")
        guest.open(maya.text(".link").removeprefix(hub.url))
        assert "for another 8 hours" in guest.text()
        maya.press("Done")
        maya.press("Revoke")
        maya.press("Revoke")
        guest.open("/pass")
        assert "opens nothing" in guest.text()
    untroubled(maya, guest)
