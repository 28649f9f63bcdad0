"""The page on a person's phone: what a device wants is read there, and agreed to or refused."""

from rex_auth_edge.domain.clock import MINUTE
from tests.devices.machines import joined
from tests.hub import PASSWORD, Household
from tests.pages.people import owner
from tests.pages.reading import sound
from tests.voice.speaking import VOICE, Scene, claims

LIST = "/me/confirmations"


async def test_maya_agrees_on_her_phone(home: Household) -> None:
    """Who asks, from where and for what stands there as text; agreeing takes a fresh password."""
    maya = await owner(home)
    token = maya.client.cookies["access_token"]
    async with home.client(authorization=f"Bearer {token}") as api, home.client("192.168.1.77") as line:
        voice = await joined(api, line, **(VOICE | {"name": "Kitchen <b>voice</b>"}))
        stage = Scene(None, voice, voice, line)  # type: ignore[arg-type]
        home.clock.advance(11 * MINUTE)
        code = await stage.asked("maya", scope="door.open", binding_message="For <i>the parcel</i>")
        assert "A device asks you" in (await maya.open("/house")).text
        assert "1 waiting" in (await maya.open("/me")).text
        page = await maya.open(LIST)
        sound(maya.shown)
        for text in (
            "Kitchen <b>voice</b>, Kitchen",
            "door.open",
            "For <i>the parcel</i>",
            "192.168.1.77",
            "2 minutes",
        ):
            assert text in page.text, text
        action = next(form.action for form in page.forms if form.action.endswith("/approve"))
        await maya.fill(action)
        assert maya.path == "/confirm"
        await maya.fill("/confirm", password=PASSWORD)
        assert maya.path == LIST
        page = await maya.fill(action)
        assert "Agreed" in page.text
        assert "Nothing waits for you" in page.text
        assert claims((await stage.poll(code)).json()["access_token"])["acr"] == "urn:rex:acr:confirmed"


async def test_maya_refuses(home: Household) -> None:
    """At once, without her password; and with another button for good. What is over says so."""
    maya = await owner(home)
    token = maya.client.cookies["access_token"]
    async with home.client(authorization=f"Bearer {token}") as api, home.client("192.168.1.77") as line:
        voice = await joined(api, line, **VOICE)
        stage = Scene(None, voice, voice, line)  # type: ignore[arg-type]
        home.clock.advance(11 * MINUTE)
        code = await stage.asked("maya")
        action = next(form.action for form in (await maya.open(LIST)).forms if form.action.endswith("/deny"))
        shown = maya.answer
        assert "Refused" in (await maya.fill(action)).text
        assert (await stage.poll(code)).json()["error"] == "access_denied"
        maya.answer = shown
        assert "no longer" in (await maya.fill(action)).text
        page = await maya.send(LIST, "/me/voice")
        assert "No device acts for you any more" in page.text
        assert (await stage.act("maya")).status_code == 400
        await maya.fill("/me/voice")
        assert maya.path == "/confirm"
