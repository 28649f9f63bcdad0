"""Tokens for people whom a device has recognised: what they say, who gets one, and what ends them."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from rex_auth_edge.domain.clock import DAY, MINUTE
from rex_auth_edge.domain.roles import Role
from tests.devices.machines import DEVICE_CODE
from tests.hub import PASSWORD
from tests.voice.speaking import EXCHANGE, RECOGNISED, Scene, act, claims

DEAD = {"active": False}


async def test_it_names_both(stage: Scene) -> None:
    """RFC 8693 section 4.1: `sub` is the person, `act` the device; recognised, not proven; bound, for 15 minutes."""
    answer = (await stage.act("Maya", scope="lights")).json()
    said, maya = claims(answer["access_token"]), stage.cast.maya.user_id
    assert (said["sub"], said["act"], said["client_id"]) == (maya, {"sub": stage.voice.id}, stage.voice.id)
    assert (said["acr"], said["scope"], said["aud"]) == ("urn:rex:acr:voice", "lights", "rex-home")
    assert (said["cnf"], said["exp"] - said["iat"]) == ({"jkt": stage.voice.key.thumbprint}, 15 * MINUTE // 1000)
    assert (answer["expires_in"], answer["token_type"]) == (900, "DPoP")
    assert answer["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert "refresh_token" not in answer
    seen = await stage.about(answer["access_token"])
    assert (seen["active"], seen["sub"], seen["act"]) == (True, maya, {"sub": stage.voice.id})
    assert seen["acr"] == "urn:rex:acr:voice"
    assert claims(await stage.token(maya))["sub"] == maya


async def test_never_more_than_the_device_may(stage: Scene) -> None:
    """Of what is asked for, what the device has itself; the hub's own scopes stay the device's."""
    assert claims(await stage.token("maya"))["scope"] == "door.open lights"
    assert claims(await stage.token("maya", scope="lights hub.act household safe.open"))["scope"] == "lights"
    answer = await stage.act("maya", scope="hub.act safe.open")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert answer.json()["say"]


async def test_a_role_holds(stage: Scene) -> None:
    """Adults may what the device may; for a child or a guest it may nothing beyond what it may by itself."""
    for role in Role:
        answer = await stage.act((await stage.join(role))[1])
        grown = role in {Role.OWNER, Role.ADULT}
        assert answer.status_code == (200 if grown else 400)
        assert grown or answer.json()["error"] == "invalid_scope"


async def test_who_cannot_be_acted_for(stage: Scene) -> None:
    """Somebody unknown, disabled or banned at home is refused in the same words, with a sentence to be spoken."""
    (disabled, first), (at_home, second) = await stage.join(), await stage.join()
    await stage.cast.end(disabled, "disabled")
    await at_home.client.post("/auth/login", json={"username": second, "password": PASSWORD})
    assert at_home.client.cookies["rex_device"]
    await guesses(at_home.client, second)
    told = [(await stage.act(name)).json() for name in (first, disabled.user_id, second, "nobody", "", "x" * 999)]
    assert told[0]["error"] == "invalid_request"
    assert told[0]["say"].startswith("I can't do that for you.")
    assert told[0] == told[1] == told[2] == told[3] == told[5]
    assert told[4]["code"] == "missing_field"
    refused = [row for row in await stage.cast.log() if row["event"] == "device.act"]
    assert {(row["outcome"], row["actor_id"]) for row in refused} == {("cannot_act", stage.voice.id)}


async def guesses(client: httpx.AsyncClient, name: str) -> None:
    """Four wrong passwords, which bring a ban."""
    forms = [{"username": name, "password": f"guess-{each}"} for each in range(5)]
    told = [await client.post("/auth/login", json=form) for form in forms]
    assert told[-1].json()["code"] == "account_temporarily_banned"


async def test_strangers_silence_nobody(stage: Scene) -> None:
    """Wrong passwords from devices that somebody has never used leave the voice app their voice, and their phone."""
    name = (await stage.join())[1]
    await guesses(stage.line, name)
    assert (await stage.act(name)).status_code == 200
    assert (await stage.ask(name)).status_code == 200


async def test_which_device_may_act(stage: Scene) -> None:
    """One to which an owner has given `hub.act`, that signs, proves it, and is still let in."""
    form = {"grant_type": EXCHANGE, "subject_token": "maya", "subject_token_type": RECOGNISED}
    without = await act(await stage.device(scopes="lights"), "maya")
    code = (await stage.cast.maya.client.post("/household/devices", json=VOICE_TOO)).json()["code"]
    given = (await stage.line.post("/oauth/token", data={"grant_type": DEVICE_CODE, "device_code": code})).json()
    keyless = await stage.line.post("/oauth/token", data=form, auth=(given["client_id"], given["client_secret"]))
    await stage.act("maya")
    unproven = await stage.voice.post("/oauth/token", form, prove=False, know=True)
    await stage.cast.maya.client.delete(f"/household/devices/{stage.voice.id}")
    answers = [without, keyless, unproven, await stage.act("maya")]
    expected = ["unauthorized_client", "unauthorized_client", "invalid_dpop_proof", "invalid_client"]
    assert [answer.json()["error"] for answer in answers] == expected
    assert all(answer.json()["say"] for answer in answers)


VOICE_TOO = {"name": "Old radio", "kind": "speaker", "scopes": "lights hub.act"}


async def test_a_lamp_acts_for_nobody(stage: Scene) -> None:
    """An owner can't even give that scope to a kind that nobody speaks to."""
    for kind in ("lamp", "lock", "sensor", "camera", "other"):
        wish = VOICE_TOO | {"kind": kind}
        answer = await stage.cast.maya.client.post("/household/devices", json=wish)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["scopes"])


async def test_requests_that_are_no_good(stage: Scene) -> None:
    """A person's token is no recognised person, nor are other tokens to be had, nor is the actor anybody else."""
    for name, value in {
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token", "actor_token": "a.b.c",
        "requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token",
    }.items():  # fmt: skip
        answer = await stage.act("maya", **{name: value})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), name


async def _leave(stage: Scene, how: str, name: str) -> None:
    owner, device = stage.cast.maya.client, f"/household/devices/{stage.voice.id}"
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "suspended": lambda: owner.post(f"{device}/suspend"),
        "removed device": lambda: owner.delete(device),
        "restricted": lambda: owner.patch(device, json={"scopes": "lights hub.act"}),
        "demoted": lambda: owner.patch(f"/household/members/{name}", json={"role": "child"}),
        "disabled": lambda: owner.post(f"/household/members/{name}/disable"),
        "removed person": lambda: owner.delete(f"/household/members/{name}"),
        "signed out by an owner": lambda: owner.delete(f"/household/members/{name}/sessions"),
    }
    await asked[how]()


AGAIN = {
    "restricted": 200, "signed out by an owner": 200, "demoted": 400, "disabled": 400, "removed person": 400,
    "suspended": 401, "removed device": 401,
}  # fmt: skip


async def test_what_ends_it(stage: Scene) -> None:
    """Whatever ends the device or the person ends it at once, at the hub and in the signed list."""
    for how, status in AGAIN.items():
        stage.voice = await stage.device()
        person, name = await stage.join()
        token, others = await stage.token(name), await stage.token("maya")
        await _leave(stage, how, person.user_id)
        assert await stage.about(token) == DEAD
        by_device = how in {"suspended", "removed device", "restricted"}
        assert (await stage.about(others))["active"] is not by_device
        again = await stage.act(name)
        assert again.status_code == status
        assert status == 200 or again.json()["say"]
        if status == 200:
            places = [claims(each)["status"]["status_list"]["idx"] for each in (token, again.json()["access_token"])]
            assert places[0] != places[1]


async def test_a_person_ends_it(stage: Scene) -> None:
    """Signing out everywhere or of all other devices, and another password."""
    change = {"current_password": PASSWORD, "new_password": "Harbour-Lamp-77?"}
    for path in ("/auth/logout-all", "/auth/logout-others", "/auth/password/change"):
        person, name = await stage.join()
        token = await stage.token(name)
        assert (await person.client.post(path, json=change)).status_code == 200
        assert await stage.about(token) == DEAD


async def test_the_device_ends_it(stage: Scene) -> None:
    """RFC 7009; the device's own token and others' stay."""
    token, others = await stage.token("maya"), await stage.token((await stage.join())[1])
    assert (await stage.voice.post("/oauth/revoke", {"token": token}, know=True)).status_code == 200
    assert await stage.about(token) == DEAD
    assert (await stage.about(others))["active"]
    assert (await stage.about(stage.voice.token))["active"]


async def test_the_list_does_not_grow(stage: Scene) -> None:
    """However often it recognises the same person, also many at a time: one place in the household's list."""
    await stage.act("maya")
    tokens = await asyncio.gather(*(stage.token("maya") for _ in range(4)))
    assert len({claims(token)["status"]["status_list"]["idx"] for token in tokens}) == 1
    assert len(set(tokens)) == 4


async def test_it_signs_nobody_in(stage: Scene) -> None:
    """No route of people takes it, whichever way it is shown."""
    token = await stage.token("maya")
    for shown in ({"authorization": f"Bearer {token}"}, {"authorization": f"DPoP {token}"}):
        for method, path in (("GET", "/auth/profile"), ("GET", "/household"), ("POST", "/auth/logout-all")):
            assert (await stage.line.request(method, path, headers=shown)).status_code == 401
    stage.line.cookies.set("access_token", token)
    assert (await stage.line.get("/auth/token/validate")).status_code == 401


async def test_time(stage: Scene) -> None:
    """It lives for 15 minutes of running time, whatever the wall clock does meanwhile."""
    clock = stage.cast.home.clock
    token = await stage.token("maya")
    clock.step(DAY)
    assert (await stage.about(token))["active"]
    clock.step(-2 * DAY)
    clock.advance(15 * MINUTE)
    assert await stage.about(token) == DEAD


async def test_on_record(stage: Scene) -> None:
    """The audit log says which device acted, for whom and for what."""
    await stage.token("maya", scope="lights")
    row = next(row for row in await stage.cast.log() if row["event"] == "device.act")
    assert (row["actor_id"], row["subject_id"]) == (stage.voice.id, stage.cast.maya.user_id)
    assert row["facts"] == {"scopes": ["lights"]}
