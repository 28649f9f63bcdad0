"""A person confirms on their phone what a device is to do for them: asked, answered, polled, once."""

import asyncio

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.domain.roles import Role
from tests.voice.speaking import CIBA, Scene, ask, claims, decide, waiting

DEAD = {"active": False}


async def test_a_person_agrees(stage: Scene) -> None:
    """Asked on the phone, where it is all shown; polled meanwhile; then a token of the higher level, for 5 minutes."""
    maya = stage.cast.maya
    answer = (await stage.ask("maya", scope="door.open", binding_message="Open the door for the parcel")).json()
    assert (answer["expires_in"], answer["interval"]) == (120, 5)
    assert answer["say"].startswith("maya, please confirm that on your phone")
    (shown,) = await waiting(maya)
    assert (shown["device"], shown["kind"], shown["room"]) == ("Kitchen voice", "voice", "Kitchen")
    assert (shown["scopes"], shown["message"]) == (["door.open"], "Open the door for the parcel")
    assert shown["asked_from"] == "192.168.1.77"
    pending = (await stage.poll(answer["auth_req_id"])).json()
    assert (pending["error"], bool(pending["say"])) == ("authorization_pending", True)
    assert (await decide(maya)).json() == {"message": "Confirmed"}
    assert await waiting(maya) == []
    stage.cast.home.clock.advance(5 * SECOND)
    given = (await stage.poll(answer["auth_req_id"])).json()
    said = claims(given["access_token"])
    assert (said["sub"], said["act"], said["acr"]) == (maya.user_id, {"sub": stage.voice.id}, "urn:rex:acr:confirmed")
    assert (said["scope"], given["expires_in"]) == ("door.open", 300)
    assert (await stage.about(given["access_token"]))["acr"] == "urn:rex:acr:confirmed"
    events = [row["event"] for row in await stage.cast.log()]
    assert events[:3] == ["confirmation.redeem", "confirmation.approve", "confirmation.ask"]


async def test_it_is_redeemed_once(stage: Scene) -> None:
    """Of many polls at a time one gets the token; and no later one does."""
    code = await stage.asked("maya")
    await decide(stage.cast.maya)
    answers = await asyncio.gather(*(stage.poll(code) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    assert (await stage.poll(code)).json()["error"] == "invalid_grant"
    assert all(answer.json()["say"] for answer in answers if answer.status_code == 400)


async def test_it_is_answered_once(stage: Scene) -> None:
    """Agreed to and refused at the same time, one of them holds."""
    code, maya = await stage.asked("maya"), stage.cast.maya
    path = f"/auth/confirmations/{(await waiting(maya))[0]['id']}"
    answers = await asyncio.gather(*(maya.client.post(f"{path}/{what}") for what in ("approve", "deny") * 3))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 5
    agreed = any(answer.status_code == 200 and answer.json()["message"] == "Confirmed" for answer in answers)
    assert (await stage.poll(code)).status_code == (200 if agreed else 403)


async def test_a_refusal_can_be_spoken(stage: Scene) -> None:
    """Refused, not answered in time, polled too fast, made up: each has its error, and its sentence."""
    maya, clock = stage.cast.maya, stage.cast.home.clock
    refused = await stage.asked("maya")
    await decide(maya, "deny")
    clock.advance(MINUTE)
    late = await stage.asked("maya", requested_expiry="60")
    await stage.poll(late)
    hasty = await stage.poll(late)
    clock.advance(MINUTE)
    assert await waiting(maya) == []
    told = [hasty, *[await stage.poll(code) for code in (refused, late, "A" * 112, "")]]
    errors = ["slow_down", "access_denied", "expired_token", "invalid_grant", "invalid_request"]
    assert [answer.json()["error"] for answer in told] == errors
    sentences = [answer.json()["say"] for answer in told[:4]]
    assert len(set(sentences)) == 4
    assert all(sentence.endswith((".", "?")) for sentence in sentences)


async def test_polling_too_fast_makes_it_slower(stage: Scene) -> None:
    """5 seconds between polls; each that comes too soon adds 5 (CIBA section 11), and none costs the answer."""
    code, clock = await stage.asked("maya"), stage.cast.home.clock
    await stage.poll(code)
    clock.advance(4 * SECOND)
    assert (await stage.poll(code)).json()["error"] == "slow_down"
    clock.advance(9 * SECOND)
    assert (await stage.poll(code)).json()["error"] == "slow_down"
    clock.advance(15 * SECOND)
    assert (await stage.poll(code)).json()["error"] == "authorization_pending"
    await decide(stage.cast.maya)
    assert (await stage.poll(code)).status_code == 200


async def test_nobody_else_can_confirm(stage: Scene) -> None:
    """Neither an owner, nor the device by whichever of its tokens, nor who isn't freshly signed in."""
    person, name = await stage.join()
    code = await stage.asked(name)
    path = f"/auth/confirmations/{(await waiting(person))[0]['id']}/approve"
    assert await waiting(stage.cast.maya) == []
    assert (await stage.cast.maya.client.post(path)).status_code == 404
    for token in (stage.voice.token, await stage.token(name)):
        shown = {"authorization": f"Bearer {token}"}
        assert (await stage.line.post(path, headers=shown)).status_code == 401
    assert (await stage.poll(code)).json()["error"] == "authorization_pending"
    for _ in range(2):
        stage.cast.home.clock.advance(6 * MINUTE)
        await person.refresh()
    code = await stage.asked(name, requested_expiry="300")
    path = f"/auth/confirmations/{(await waiting(person))[0]['id']}/approve"
    answer = await person.client.post(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "fresh_sign_in_required")
    assert (await stage.poll(code)).json()["error"] == "authorization_pending"
    await person.reauthenticate()
    assert (await person.client.post(path)).status_code == 200


async def test_only_the_device_that_asked(stage: Scene) -> None:
    """Another device gets nothing for it, nor does the same key without its proof."""
    code, other = await stage.asked("maya"), await stage.device(name="Hall voice")
    await decide(stage.cast.maya)
    assert (await stage.poll(code, other)).json()["error"] == "invalid_grant"
    unproven = await stage.voice.post("/oauth/token", {"grant_type": CIBA, "auth_req_id": code}, prove=False, know=True)
    assert unproven.json()["error"] == "invalid_dpop_proof"
    assert (await stage.poll(code)).status_code == 200


async def test_who_is_asked(stage: Scene) -> None:
    """Nobody who can't be acted for, for nothing beyond their role, by no device that may not; all with a sentence."""
    (gone, first), (_, child) = await stage.join(), await stage.join(Role.CHILD)
    await stage.cast.end(gone, "disabled")
    lamp = await stage.device(scopes="lights")
    answers = [
        *[await stage.ask(who) for who in (first, "nobody", child)], await stage.ask("maya", scope="safe.open"),
        await ask(lamp, "maya"), await stage.ask("maya", binding_message="x" * 81),
        await stage.ask("maya", binding_message="one\ntwo"), await stage.ask("maya", requested_expiry="soon"),
        await stage.ask(""),
    ]  # fmt: skip
    assert [answer.json()["error"] for answer in answers] == [
        "unknown_user_id", "unknown_user_id", "invalid_scope", "invalid_scope", "unauthorized_client",
        "invalid_binding_message", "invalid_binding_message", "invalid_request", "invalid_request",
    ]  # fmt: skip
    assert answers[0].json() == answers[1].json()
    assert all(answer.json()["say"] for answer in answers)
    assert await waiting(stage.cast.maya) == []


async def test_what_withdraws_it(stage: Scene) -> None:
    """Whatever ends the device or the person, also after they have agreed; and a lower role is looked at again."""
    owner = stage.cast.maya.client
    for how in ("suspend", "restrict", "sign out", "demote", "no voice"):
        stage.voice = await stage.device()
        person, name = await stage.join()
        code = await stage.asked(name)
        await decide(person)
        if how == "suspend":
            await owner.post(f"/household/devices/{stage.voice.id}/suspend")
        elif how == "restrict":
            await owner.patch(f"/household/devices/{stage.voice.id}", json={"scopes": "lights hub.act"})
        elif how == "sign out":
            await owner.delete(f"/household/members/{person.user_id}/sessions")
        elif how == "demote":
            await owner.patch(f"/household/members/{person.user_id}", json={"role": "guest"})
        else:
            await person.client.put("/auth/voice", json={"voice": "off"})
        answer = await stage.poll(code)
        assert answer.json()["error"] == ("invalid_client" if how == "suspend" else "expired_token"), how


async def test_a_person_says_no_once_and_for_all(stage: Scene) -> None:
    """Then no device acts for them, and none asks; what they held ends. To allow it again takes a fresh sign-in."""
    person, name = await stage.join()
    token, set_voice = await stage.token(name), {"voice": "off"}
    assert (await person.client.get("/auth/voice")).json() == {"voice": "on"}
    assert (await person.client.put("/auth/voice", json=set_voice)).json() == set_voice
    assert await stage.about(token) == DEAD
    assert (await stage.act(name)).json() == (await stage.act("nobody")).json()
    assert (await stage.ask(name)).json() == (await stage.ask("nobody")).json()
    for _ in range(2):
        stage.cast.home.clock.advance(6 * MINUTE)
        await person.refresh()
    answer = await person.client.put("/auth/voice", json={"voice": "on"})
    assert answer.json()["code"] == "fresh_sign_in_required"
    await person.reauthenticate()
    assert (await person.client.put("/auth/voice", json={"voice": "on"})).status_code == 200
    assert (await stage.act(name)).status_code == 200


async def test_a_household_says_no(stage: Scene) -> None:
    """By its policy no device acts for anybody; what was held ends, what waits is gone."""
    owner, token, code = stage.cast.maya.client, await stage.token("maya"), await stage.asked("maya")
    assert (await owner.patch("/household/policy", json={"voice": "off"})).json()["voice"] is False
    assert await stage.about(token) == DEAD
    assert await waiting(stage.cast.maya) == []
    assert (await stage.poll(code)).json()["error"] == "expired_token"
    assert (await stage.act("maya")).json() == (await stage.act("nobody")).json()
    assert (await stage.about(stage.voice.token))["active"]


async def test_clocks(stage: Scene) -> None:
    """Neither does a wall clock that jumps end it or let it live on, nor does it shorten the pause after a refusal."""
    clock, maya = stage.cast.home.clock, stage.cast.maya
    code = await stage.asked("maya")
    clock.step(DAY)
    assert len(await waiting(maya)) == 1
    clock.step(-2 * DAY)
    await decide(maya, "deny")
    clock.step(30 * DAY)
    assert (await stage.ask("maya")).json()["code"] == "confirmation_paused"
    assert (await stage.poll(code)).json()["error"] == "access_denied"
