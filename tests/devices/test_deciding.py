"""Who may let devices in that ask, what guesses cost, and that of several who decide one wins."""

import asyncio
from contextlib import AsyncExitStack
from fractions import Fraction

import httpx
import pytest

from rex_auth_edge.domain import asks
from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.words import WORDS
from tests.devices.machines import Machine, asked
from tests.devices.test_asking import ASKS, WINDOW, approved, events, opened, redeemed
from tests.hub import PASSWORD, Household

__all__ = ["opened"]
WRONG = "BBBB-BBBB"


async def guessed(owner: httpx.AsyncClient, code: str = WRONG) -> str:
    """What a guess is told."""
    return str((await owner.post(f"{ASKS}/look", json={"code": code})).json().get("code", "found"))


def test_the_caps_arithmetic() -> None:
    """In one window there are at most 100 chances at a code, whichever way they are spread: 1 in 256 million."""
    chances = asks.TRIES * asks.MISSES
    assert chances == 100
    assert Fraction(chances, 20**8) == Fraction(1, 256_000_000)
    assert len(WORDS) ** 4 == 2**40 > 20**8
    assert asks.OPEN < asks.TRIES


async def test_the_fifth_miss_ends_an_ask(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """Four wrong codes hurt nothing; the fifth ends every ask that was guessed at, and none that came later."""
    first = await asked(line)
    assert [await guessed(opened) for _ in range(3)] == ["invalid_pairing_code"] * 3
    second = await asked(line, name="Shelf")
    assert [await guessed(opened, word) for word in ("zebra zebra zebra zebra", "-")] == ["invalid_pairing_code"] * 2
    assert await guessed(opened, first["user_code"]) == "invalid_pairing_code"
    assert (await redeemed(line, first["device_code"])).json()["error"] == "access_denied"
    assert await guessed(opened, second["verification_words"]) == "found"
    assert (await redeemed(line, second["device_code"])).json()["error"] == "authorization_pending"
    assert (await events(opened))[:6] == ["devices.missed"] * 3 + ["devices.asked"] + ["devices.missed"] * 2


async def test_parallel_guesses_are_counted(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """Ten at a time: the right one among those after the fifth finds nothing any more."""
    said = await asked(line)
    told = await asyncio.gather(*(guessed(opened) for _ in range(9)))
    assert set(told) <= {"invalid_pairing_code", "rate_limited"}
    assert await guessed(opened, said["user_code"]) != "found"
    assert (await redeemed(line, said["device_code"])).json()["error"] == "access_denied"


async def test_patience_doesnt_help(opened: httpx.AsyncClient, home: Household) -> None:
    """Ten wrong codes a minute from one person, whether anything asks or not; a right one isn't counted."""
    assert [await guessed(opened) for _ in range(11)] == ["invalid_pairing_code"] * 10 + ["rate_limited"]
    home.clock.advance(MINUTE)
    assert await guessed(opened) == "invalid_pairing_code"


async def test_five_wait_at_a_time(opened: httpx.AsyncClient, home: Household) -> None:
    """A sixth is told to come later; a device that asks anew is itself, and takes nobody's place."""
    line = home.client("192.168.1.80")
    lamp = Machine(line)
    form = {"client_id": "rex-device", "name": "Lamp"}
    before = (await lamp.post("/oauth/device_authorization", form)).json()
    for number in range(4):
        async with home.client(f"192.168.1.{81 + number}") as other:
            await asked(other, name=f"Shelf {number}")
    full = await line.post("/oauth/device_authorization", data=form)
    assert (full.status_code, full.json()["code"]) == (409, "pairing_full")
    again = (await lamp.post("/oauth/device_authorization", form)).json()
    assert (await lamp.redeem(before["device_code"])).json()["error"] == "expired_token"
    assert (await lamp.redeem(again["device_code"])).json()["error"] == "authorization_pending"
    assert (await opened.get(WINDOW)).json()["tries_left"] == 14
    await line.aclose()


async def test_one_address_leaves_room(opened: httpx.AsyncClient, line: httpx.AsyncClient, home: Household) -> None:
    """Who asks on and on from one, with new keys, the same key or none, keeps nobody else from asking."""
    form, tried = {"client_id": "rex-device"}, list[tuple[int, str]]()
    flood = [Machine(line), Machine(line), Machine(line)]
    for machine in [*flood, *flood, *flood]:
        answer = await machine.post("/oauth/device_authorization", form)
        tried.append((answer.status_code, answer.json().get("code", "")))
        home.clock.advance(10_000)
    assert [status for status, _ in tried] == [200, 200, 409, 200, 200, 409, 200, 409, 409]
    assert {code for _, code in tried} == {"", "pairing_full"}
    assert len((await opened.get(ASKS)).json()["asks"]) == 2
    async with home.client("192.168.1.80") as other:
        said = await asked(other)
        assert (await approved(opened, said["user_code"])).status_code == 200
        assert (await redeemed(other, said["device_code"])).status_code == 200
    home.clock.advance(5 * MINUTE)
    assert (await line.post("/oauth/device_authorization", data=form)).status_code == 200


async def test_many_ask_at_a_time(opened: httpx.AsyncClient, home: Household) -> None:
    """Of nine that come at once five wait, and the others have used no try up."""
    form = {"client_id": "rex-device"}
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(home.client(f"192.168.1.{100 + number}")) for number in range(9)]
        answers = await asyncio.gather(*(each.post("/oauth/device_authorization", data=form) for each in lines))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [409] * 4
    assert (await opened.get(WINDOW)).json()["tries_left"] == 15


async def test_twenty_ask_while_a_window_is_open(opened: httpx.AsyncClient, home: Household) -> None:
    """The twenty-first finds it closed, though there was time left; of many at a time no more come through."""
    lines = [home.client(f"192.168.1.{100 + number}") for number in range(6)]
    form = {"client_id": "rex-device"}
    said: list[int] = []
    for _ in range(6):
        answers = await asyncio.gather(*(each.post("/oauth/device_authorization", data=form) for each in lines))
        said += [answer.status_code for answer in answers]
        for each in (await opened.get(ASKS)).json()["asks"]:
            await opened.post(f"{ASKS}/{each['id']}/deny")
    assert said.count(200) == 20
    assert said[-1] == 403
    assert (await opened.get(WINDOW)).json()["open"] is False
    for each in lines:
        await each.aclose()


async def test_one_of_several_decisions_counts(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """Approved four times and denied four times at once: it is decided once, or approved once and then denied."""
    said = await asked(line)
    path = f"{ASKS}/{(await opened.get(ASKS)).json()['asks'][0]['id']}"
    yes = [opened.post(f"{path}/approve", json={"code": said["user_code"]}) for _ in range(4)]
    no = [opened.post(f"{path}/deny") for _ in range(4)]
    told = [answer.status_code for answer in await asyncio.gather(*yes, *no)]
    assert told[:4].count(200) <= 1
    assert told[4:].count(200) == 1
    assert (await redeemed(line, said["device_code"])).json()["error"] == "access_denied"
    assert (await opened.get("/household/devices")).json()["devices"] == []


async def test_more_than_was_asked_for(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """An owner can't give scopes that the device didn't ask for, and a code is good for its own ask alone."""
    first, second = await asked(line), await asked(line, name="Shelf")
    assert (await approved(opened, first["user_code"], scopes="lights heating")).json()["fields"].keys() == {"scopes"}
    found = (await opened.post(f"{ASKS}/look", json={"code": first["user_code"]})).json()
    for code, status in ((second["user_code"], 404), (WRONG, 400), ("", 400)):
        answer = await opened.post(f"{ASKS}/{found['id']}/approve", json={"code": code})
        assert answer.status_code == status
    assert (await redeemed(line, first["device_code"])).json()["error"] == "authorization_pending"


async def test_only_owners_decide(opened: httpx.AsyncClient, line: httpx.AsyncClient, home: Household) -> None:
    """A child can do none of it."""
    said = await asked(line)
    ask_id = (await opened.get(ASKS)).json()["asks"][0]["id"]
    child = {"username": "ida", "password": PASSWORD, "role": "child"}
    assert (await opened.post("/household/members", json=child)).status_code == 200
    acts = (
        *(("GET", WINDOW), ("POST", WINDOW), ("DELETE", WINDOW), ("GET", ASKS), ("POST", f"{ASKS}/look")),
        *(("POST", f"{ASKS}/{ask_id}/approve"), ("POST", f"{ASKS}/{ask_id}/deny")),
    )
    body = {"code": said["user_code"]}
    async with home.client() as other:
        tokens = (await other.post("/auth/login", json=child)).json()
        other.cookies.clear()
        other.headers["authorization"] = f"Bearer {tokens['access_token']}"
        for method, path in acts:
            answer = await other.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), path


async def test_old_sign_ins_open_nothing(line: httpx.AsyncClient, home: Household) -> None:
    """Opening and letting in ask for a sign-in of the last ten minutes; looking, refusing and closing don't."""
    async with home.client() as owner:
        tokens = await home.own(owner, "maya@example.com", "maya")
        owner.cookies.clear()
        home.clock.advance(8 * MINUTE)
        owner.headers["authorization"] = f"Bearer {tokens['access_token']}"
        assert (await owner.post(WINDOW, json={"open_for": "15m"})).status_code == 200
        home.clock.advance(2 * MINUTE)
        owner.headers["authorization"] = f"Bearer {tokens['refresh_token']}"
        renewed = (await owner.post("/auth/token/refresh")).json()
        owner.headers["authorization"] = f"Bearer {renewed['access_token']}"
        said = await asked(line)
        for answer in (await approved(owner, said["user_code"]), await owner.post(WINDOW, json={})):
            assert (answer.status_code, answer.json()["code"]) == (403, "fresh_sign_in_required")
        assert len((await owner.get(ASKS)).json()["asks"]) == 1
        assert (await owner.delete(WINDOW)).status_code == 200
        assert (await redeemed(line, said["device_code"])).json()["error"] == "access_denied"


@pytest.mark.parametrize("form", [{}, {"client_id": "lamp"}, {"client_id": "rex-device", "way": "scan"},
                                  {"client_id": "rex-device", "kind": "toaster"}])  # fmt: skip
async def test_what_isnt_asked_rightly(
    form: dict[str, str], opened: httpx.AsyncClient, line: httpx.AsyncClient
) -> None:
    """Without the public client, in no way that there is, of no kind: refused, and no try is lost."""
    answer = await line.post("/oauth/device_authorization", data=form)
    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_request", "invalid_client"}
    assert (await opened.get(WINDOW)).json()["tries_left"] == 20


async def test_words_need_a_key(opened: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """What people compare hangs on the device's key, so without one it isn't asked; with one both sides agree."""
    form = {"client_id": "rex-device", "name": "Lamp", "way": "window"}
    assert (await line.post("/oauth/device_authorization", data=form)).json()["error"] == "invalid_dpop_proof"
    said = (await Machine(line).post("/oauth/device_authorization", form)).json()
    assert set(said) == {"device_code", "verification_uri", "expires_in", "interval", "nonce"}
    (shown,) = (await opened.get(ASKS)).json()["asks"]
    assert len(shown["compare"]) == 6
    path = f"{ASKS}/{shown['id']}/approve"
    wrong = [*shown["compare"][1:], shown["compare"][0]]
    assert (await opened.post(path, json={"code": " ".join(wrong)})).json()["code"] == "invalid_pairing_code"
    assert (await opened.post(path, json={"code": " ".join(shown["compare"])})).status_code == 200
