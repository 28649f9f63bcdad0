"""Being let in by an owner's code: once, in time, by whoever holds the key."""

import asyncio

import httpx
import pytest

from rex_auth_edge.domain.clock import HOUR, MINUTE
from rex_auth_edge.flows import upkeep
from tests.devices.machines import DEVICE_CODE, Machine, added, joined, simple
from tests.hub import Household


async def test_a_device_comes(owner: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """An owner sees who is to come, and then who has: by what key, from where, let in by whom."""
    code = await added(owner)
    assert code["qr"].startswith("rex://pair?")
    assert code["code"] in code["qr"]
    shown = (await owner.get("/household/devices")).json()
    assert (shown["devices"], [each["id"] for each in shown["awaited"]]) == ([], [code["id"]])
    lock = Machine(line)
    given = (await lock.redeem(code["code"].lower().replace("-", " "))).json()
    assert (given["token_type"], given["scope"]) == ("DPoP", "door.open hub.introspect")
    assert "refresh_token" not in given
    shown = (await owner.get("/household/devices")).json()
    (device,) = shown["devices"]
    me = (await owner.get("/auth/token/validate")).json()["user_id"]
    assert (device["key"], device["seen_from"], device["added_by"]) == (lock.key.thumbprint, "192.168.1.77", me)
    assert (device["state"], device["way"], shown["awaited"]) == ("active", "scan", [])
    events = [each["event"] for each in (await owner.get("/household/audit")).json()["events"]]
    assert events[:2] == ["device.joined", "devices.add"]


async def test_one_of_many_wins(owner: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """Eight that show one code at a time: one is let in."""
    code = (await added(owner))["code"]
    machines = [Machine(line) for _ in range(8)]
    for machine in machines:
        await machine.redeem("0000-0000-0000")  # has a nonce now
    answers = await asyncio.gather(*(machine.redeem(code) for machine in machines))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert len((await owner.get("/household/devices")).json()["devices"]) == 1


async def test_an_answer_that_was_lost(owner: httpx.AsyncClient, line: httpx.AsyncClient, home: Household) -> None:
    """The same key may ask again for what it has been given, while the code would have lived; no other may."""
    code = (await added(owner))["code"]
    lock = Machine(line)
    first, again = await lock.redeem(code), await lock.redeem(code)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["client_id"] == again.json()["client_id"]
    assert (await Machine(line).redeem(code)).json()["error"] == "invalid_grant"
    home.clock.advance(10 * MINUTE)
    assert (await lock.redeem(code)).status_code == 400


@pytest.mark.parametrize("what", ["expired", "withdrawn", "unknown"])
async def test_codes_that_are_no_good(
    what: str, owner: httpx.AsyncClient, line: httpx.AsyncClient, home: Household
) -> None:
    """Expired, withdrawn and made-up codes are told alike, and let nobody in."""
    made = await added(owner, code_life="1m")
    if what == "expired":
        home.clock.advance(MINUTE)
    elif what == "withdrawn":
        assert (await owner.delete(f"/household/devices/{made['id']}")).status_code == 200
    code = "0000-0000-0000" if what == "unknown" else made["code"]
    answer = await Machine(line).redeem(code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert (await owner.get("/household/devices")).json()["devices"] == []


async def test_guessing_is_slowed_down(line: httpx.AsyncClient) -> None:
    """30 wrong codes a minute from an address, and no more."""
    guess = {"grant_type": DEVICE_CODE, "device_code": "0000-0000-0000"}
    answers = [await line.post("/oauth/token", data=guess) for _ in range(31)]
    assert [answer.status_code for answer in answers[-2:]] == [400, 429]
    assert answers[-1].headers["retry-after"]


async def test_a_key_belongs_to_one_device(owner: httpx.AsyncClient, line: httpx.AsyncClient, lock: Machine) -> None:
    """A key that is in the household can't come in as another device, until its own is removed."""
    second = Machine(line, lock.key)
    assert (await second.redeem((await added(owner))["code"])).status_code == 400
    await owner.delete(f"/household/devices/{lock.id}")
    assert (await second.redeem((await added(owner))["code"])).status_code == 200
    assert second.id != lock.id


async def test_what_cannot_sign_gets_a_secret(owner: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """A long one, told once, and a refresh token; each renewal by either gives another."""
    given = await simple(owner, line)
    assert (given["token_type"], len(given["client_secret"])) == ("Bearer", 112)
    by_secret = {"grant_type": "client_credentials"}
    answer = await line.post("/oauth/token", data=by_secret, auth=(given["client_id"], given["client_secret"]))
    assert answer.status_code == 200
    refused = await line.post("/oauth/token", data=by_secret, auth=(given["client_id"], "A" * 112))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


async def test_nothing_is_left_of_codes(owner: httpx.AsyncClient, line: httpx.AsyncClient, home: Household) -> None:
    """An hour after its end a code is out of the database and the directory."""
    await joined(owner, line)
    await added(owner)
    home.clock.advance(2 * HOUR)
    await upkeep.purge(home.hub.parts, home.hub.authenticator)
    from rex_auth_edge.storage.device_tables import device_asks  # noqa: PLC0415

    assert await home.store.read(lambda conn: conn.execute(device_asks.select()).all()) == []
