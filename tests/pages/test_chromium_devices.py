"""The pages of devices in a real browser: let in, changed and ended by phone, without scripts; looked at by desk."""

import httpx
from playwright.sync_api import Browser

from tests.devices.machines import DEVICE_CODE
from tests.pages.chromium import DESK, PHONE, Watched, claimed, untroubled
from tests.processes import Process


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
