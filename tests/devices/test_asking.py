"""Asking to be let in with a code of one's own, while an owner's window is open (RFC 8628)."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest

from rex_auth_edge.domain.clock import MINUTE, SECOND
from rex_auth_edge.domain.words import WORDS
from tests.devices.machines import DEVICE_CODE, Machine, asked
from tests.hub import Household

WINDOW = "/household/devices/window"
ASKS = "/household/devices/asks"


@pytest.fixture
async def opened(owner: httpx.AsyncClient) -> httpx.AsyncClient:
    """The owner, who has opened the window."""
    answer = await owner.post(WINDOW, json={"open_for": "15m"})
    assert answer.status_code == 200, answer.text
    return owner


async def redeemed(line: httpx.AsyncClient, code: str) -> httpx.Response:
    """One poll of a device that can't sign."""
    form = {"grant_type": DEVICE_CODE, "device_code": code, "client_id": "rex-device"}
    return await line.post("/oauth/token", data=form)


async def approved(owner: httpx.AsyncClient, code: str, **more: str) -> httpx.Response:
    """An owner types the code, reads what asks, and lets it in."""
    found = await owner.post(f"{ASKS}/look", json={"code": code})
    if found.status_code != 200:
        return found
    return await owner.post(f"{ASKS}/{found.json()['id']}/approve", json={"code": code} | more)


async def events(owner: httpx.AsyncClient) -> list[str]:
    """What happened, the newest first."""
    return [each["event"] for each in (await owner.get("/household/audit")).json()["events"]]


async def test_a_device_is_let_in_by_its_code(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """It asks, a person reads what it is and from where, gives it less than it asks for, and it comes."""
    said = await asked(line, room="Kitchen")
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", said["user_code"])
    words = said["verification_words"].split()
    assert len(words) == 4
    assert set(words) <= set(WORDS)
    assert ", ".join(words) in said["say"]
    assert said["verification_uri"] == "http://127.0.0.1:8000/device"
    assert said["verification_uri_complete"].endswith(f"?user_code={said['user_code']}")
    assert (said["interval"], said["expires_in"], len(said["device_code"])) == (5, 300, 112)
    waiting = await redeemed(line, said["device_code"])
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    seen = (await opened.post(f"{ASKS}/look", json={"code": said["user_code"]})).json()
    assert (seen["name"], seen["kind"], seen["room"], seen["scopes"]) == (
        *("Kitchen", "speaker", "Kitchen"),
        ["door.open", "lights"],
    )
    assert (seen["asked_from"], seen["at_home"], seen["compare"]) == ("192.168.1.77", True, [])
    answer = await approved(opened, said["user_code"], name="Voice", room="", scopes="lights")
    assert answer.status_code == 200, answer.text
    given = (await redeemed(line, said["device_code"])).json()
    assert (given["token_type"], given["scope"], len(given["client_secret"])) == ("Bearer", "lights", 112)
    assert given["refresh_token"]
    (device,) = (await opened.get("/household/devices")).json()["devices"]
    me = (await opened.get("/auth/token/validate")).json()["user_id"]
    assert (device["name"], device["room"], device["way"], device["added_by"]) == ("Voice", None, "grant", me)
    assert (await events(opened))[:4] == ["device.joined", "devices.approved", "devices.asked", "devices.window"]
    assert said["user_code"] not in json.dumps((await opened.get("/household/audit")).json())


@pytest.mark.parametrize("spoil", [str.upper, str.title, lambda text: text.replace(" ", "-"), lambda text: f" {text}."])
async def test_words_as_they_are_heard(spoil: Any, opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """The four words mean what the letters mean; case, spaces, hyphens and stops don't matter in either."""
    said = await asked(line)
    for text in (said["verification_words"], said["user_code"].lower()):
        found = await opened.post(f"{ASKS}/look", json={"code": spoil(text)})
        assert (found.status_code, found.json()["name"]) == (200, "Kitchen")


async def test_nobody_asks_at_a_closed_window(owner: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """Before an owner opens it, after they close it, and in a household that isn't there: the same sentence."""
    form = {"client_id": "rex-device", "name": "Kitchen"}
    told = [await line.post("/oauth/device_authorization", data=form)]
    told += [await line.post("/oauth/device_authorization", data=form | {"tenant": "nowhere"})]
    await owner.post(WINDOW, json={})
    said = await asked(line)
    assert (await owner.delete(WINDOW)).status_code == 200
    told += [await line.post("/oauth/device_authorization", data=form)]
    assert {answer.text for answer in told} == {told[0].text}
    assert (told[0].status_code, told[0].json()["code"]) == (403, "pairing_closed")
    assert "rex-auth-edge device window" in told[0].json()["message"]
    assert (await redeemed(line, said["device_code"])).json()["error"] == "access_denied"


async def test_a_window_closes_by_itself(owner: httpx.AsyncClient, line: httpx.AsyncClient, home: Household) -> None:
    """After its minutes, by the boot clock: setting the wall clock opens nothing and closes nothing."""
    for wrong in ("2m", "16m", "soon"):
        assert (await owner.post(WINDOW, json={"open_for": wrong})).json()["code"] == "invalid_field"
    shown = (await owner.post(WINDOW, json={"open_for": "3m"})).json()
    assert (shown["open"], shown["tries_left"]) == (True, 20)
    home.clock.step(-10 * MINUTE)
    home.clock.advance(3 * MINUTE - 1)
    said = await asked(line)
    home.clock.step(20 * MINUTE)
    assert (await redeemed(line, said["device_code"])).json()["error"] == "authorization_pending"
    home.clock.step(-20 * MINUTE)
    home.clock.advance(1)
    assert (await owner.get(WINDOW)).json()["open"] is False
    answer = await line.post("/oauth/device_authorization", data={"client_id": "rex-device"})
    assert answer.json()["code"] == "pairing_closed"


async def test_whoever_polls_too_fast_is_slowed_down(
    opened: httpx.AsyncClient, line: httpx.AsyncClient, home: Household
) -> None:
    """A poll within the interval adds 5 seconds to it, each time (RFC 8628 section 3.5), and hinders nobody else."""
    code = (await asked(line))["device_code"]
    expected = {0: "authorization_pending", 4: "slow_down", 10: "authorization_pending", 9: "slow_down"}
    for wait, error in expected.items():
        home.clock.advance(wait * SECOND)
        assert (await redeemed(line, code)).json()["error"] == error
    home.clock.step(60 * SECOND)
    assert (await redeemed(line, code)).json()["error"] == "slow_down"


async def test_an_ask_expires(opened: httpx.AsyncClient, line: httpx.AsyncClient, home: Household) -> None:
    """After five minutes neither a person nor its device can use it; what is left is told from what never was."""
    said = await asked(line)
    assert (await approved(opened, said["user_code"])).status_code == 200
    home.clock.advance(5 * MINUTE)
    assert (await redeemed(line, said["device_code"])).json()["error"] == "expired_token"
    assert (await approved(opened, said["user_code"])).json()["code"] == "invalid_pairing_code"
    assert (await redeemed(line, "A" * 112)).json()["error"] == "invalid_grant"
    home.clock.advance(120 * MINUTE)
    await home.keep_up()
    assert (await redeemed(line, said["device_code"])).json()["error"] == "expired_token"


async def test_a_key_that_asked_is_the_key_that_comes(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """With the code and another key, or none, nobody comes; the right key does, and may ask again for the answer."""
    lock = Machine(line)
    said = (await lock.post("/oauth/device_authorization", {"client_id": "rex-device", "name": "Lock"})).json()
    assert (await approved(opened, said["user_code"])).status_code == 200
    for thief in (await Machine(line).redeem(said["device_code"]), await redeemed(line, said["device_code"])):
        assert (thief.status_code, thief.json()["error"]) == (400, "invalid_grant")
    first, again = await lock.redeem(said["device_code"]), await lock.redeem(said["device_code"])
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["token_type"] == "DPoP"
    assert first.json()["client_id"] == again.json()["client_id"]


async def test_one_redemption_wins(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """Eight at a time with one code: one is let in, and one device is there."""
    said = await asked(line)
    assert (await approved(opened, said["user_code"])).status_code == 200
    answers = await asyncio.gather(*(redeemed(line, said["device_code"]) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert len((await opened.get("/household/devices")).json()["devices"]) == 1


async def test_a_refused_device(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """It is told so, and stays out; one that was approved can be refused until it has come."""
    first, second = await asked(line), await asked(line, name="Shelf")
    shown = (await opened.get(ASKS)).json()["asks"]
    assert [each["name"] for each in shown] == ["Kitchen", "Shelf"]
    await approved(opened, second["user_code"])
    for each in shown:
        assert (await opened.post(f"{ASKS}/{each['id']}/deny")).status_code == 200
        assert (await opened.post(f"{ASKS}/{each['id']}/deny")).status_code == 404
    for said in (first, second):
        assert (await redeemed(line, said["device_code"])).json()["error"] == "access_denied"
    assert (await opened.get("/household/devices")).json()["devices"] == []


async def test_what_asks_from_the_internet(opened: httpx.AsyncClient, home: Household) -> None:
    """The person who is asked sees that it isn't in their network; a name that would hide that isn't taken."""
    async with home.client("203.0.113.9") as line:
        said = await asked(line)
        seen = (await opened.post(f"{ASKS}/look", json={"code": said["user_code"]})).json()
        assert (seen["asked_from"], seen["at_home"]) == ("203.0.113.9", False)
        form = {"client_id": "rex-device", "name": "Kitchen\u202eneHctiK"}
        assert (await line.post("/oauth/device_authorization", data=form)).json()["code"] == "invalid_field"


async def test_asking_too_often_uses_no_proof_up(line: httpx.AsyncClient, home: Household) -> None:
    """What is over its address's rate costs the hub no memory of proofs, which all devices share: it is good later."""
    lock, form = Machine(line), {"client_id": "rex-device", "name": "Lock"}
    closed = [await line.post("/oauth/device_authorization", data=form) for _ in range(10)]
    assert {answer.json()["code"] for answer in closed} == {"pairing_closed"}
    lock.nonce = closed[-1].headers["dpop-nonce"]
    proof = {"dpop": lock.proof("/oauth/device_authorization")}
    assert (await line.post("/oauth/device_authorization", data=form, headers=proof)).status_code == 429
    home.clock.advance(MINUTE)
    again = [await line.post("/oauth/device_authorization", data=form, headers=proof) for _ in range(2)]
    assert [answer.json()["code"] for answer in again] == ["pairing_closed", "invalid_dpop_proof"]
