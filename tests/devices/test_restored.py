"""A hub that starts again, or is made again from a backup: the same to its devices, unless the old one was stolen."""

from pathlib import Path
from typing import Any

import httpx
import jwt

from rex_auth_edge.storage import rebirth
from tests.devices.machines import Machine, added, asked, joined
from tests.devices.test_tokens import introspected
from tests.hub import Household, household


async def listed(line: httpx.AsyncClient, home: Household) -> dict[str, Any]:
    """The list of ended tokens, unchecked."""
    answer = await line.get(f"/oauth/status/{home.hub.parts.home}")
    return dict(jwt.decode(answer.text, options={"verify_signature": False}))


async def test_started_again(lock: Machine, owner: httpx.AsyncClient, home: Household, tmp_path: Path) -> None:
    """What has ended stays ended: the register that decides it is there before the first request."""
    await owner.delete(f"/household/devices/{lock.id}")
    again = await household(home.store, home.clock, tmp_path / "data")
    async with again.client() as client:
        asker = await joined(owner, client)
        assert (await introspected(asker, asker.token))["active"]
        assert await introspected(asker, lock.token) == {"active": False}
    await again.hub.close()


async def test_the_same_hub(lock: Machine, line: httpx.AsyncClient, home: Household) -> None:
    """Its devices go on, and the list's counter has risen, though the database is one of before."""
    before = (await listed(line, home))["ver"]
    await home.store.write(rebirth.begin_again)
    assert (await listed(line, home))["ver"] > before
    assert (await lock.renew()).status_code == 200


async def test_codes_of_before(line: httpx.AsyncClient, home: Household, owner: httpx.AsyncClient) -> None:
    """A code that is in a backup lets nobody in, nor does a yes; pairing is closed until an owner opens it anew."""
    code = (await added(owner))["code"]
    assert (await owner.post("/household/devices/window", json={})).status_code == 200
    said = await asked(line)
    typed = {"code": said["user_code"]}
    found = (await owner.post("/household/devices/asks/look", json=typed)).json()["id"]
    assert (await owner.post(f"/household/devices/asks/{found}/approve", json=typed)).status_code == 200
    await home.store.write(rebirth.begin_again)
    assert (await Machine(line).redeem(code)).json()["error"] == "invalid_grant"
    assert (await Machine(line).redeem(said["device_code"])).json()["error"] == "expired_token"
    answer = await line.post("/oauth/device_authorization", data={"client_id": "rex-device"})
    assert answer.json()["code"] == "pairing_closed"


async def test_a_stolen_hub(lock: Machine, line: httpx.AsyncClient, home: Household, owner: httpx.AsyncClient) -> None:
    """Its devices insist on the authority of before, so they are removed, and their tokens ended."""
    pepper = home.hub.parts.pepper
    await home.store.write(lambda tx: rebirth.take_new_secret(tx, lambda key: pepper.digest("directory", key)))
    assert (await owner.get("/household/devices")).json()["devices"] == []
    assert (await lock.renew()).json()["error"] == "invalid_client"
