"""Devices that an owner has let in, and who come when that owner is none any more."""

from collections.abc import AsyncIterator

import httpx
import pytest

from rex_auth_edge.domain.roles import Role
from tests.devices.machines import DEVICE_CODE, added, asked
from tests.household.cast import Cast, cast
from tests.hub import Household

ASKS = "/household/devices/asks"


@pytest.fixture
async def they(home: Household) -> AsyncIterator[Cast]:
    """Maya's household."""
    async with cast(home) as made:
        yield made


@pytest.fixture
async def line(they: Cast) -> AsyncIterator[httpx.AsyncClient]:
    """From a device in the hall."""
    async with they.home.client("192.168.1.77") as client:
        yield client


@pytest.mark.parametrize("how", ["disabled", "removed", "demoted"])
async def test_whoever_let_it_in_goes(how: str, they: Cast, line: httpx.AsyncClient) -> None:
    """Neither their code nor their approval lets a device in any more; another owner's code does."""
    person = await they.join(Role.OWNER)
    code = (await added(person.client))["code"]
    assert (await person.client.post("/household/devices/window", json={})).status_code == 200
    said = await asked(line)
    ask = (await person.client.post(f"{ASKS}/look", json={"code": said["user_code"]})).json()["id"]
    approved = await person.client.post(f"{ASKS}/{ask}/approve", json={"code": said["user_code"]})
    assert approved.status_code == 200, approved.text
    other = (await added(they.maya.client))["code"]
    await they.end(person, how)
    for shown in [code, said["device_code"]]:
        answer = await line.post("/oauth/token", data={"grant_type": DEVICE_CODE, "device_code": shown})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    answer = await line.post("/oauth/token", data={"grant_type": DEVICE_CODE, "device_code": other})
    assert answer.status_code == 200, answer.text
    assert len((await they.maya.client.get("/household/devices")).json()["devices"]) == 1
