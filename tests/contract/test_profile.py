"""One's own profile: its fields, what can't be changed here, and its picture."""

import asyncio
from base64 import b64encode
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.shapes import MAYA, NOOR, bearer, granted, refused
from tests.hub import Household

PROFILE, PICTURE, VALIDATE = "/auth/profile", "/auth/profile/picture", "/auth/token/validate"
LARGEST = 2 * 1024 * 1024

PNG, JPEG, WEBP = (
    b"\x89PNG\r\n\x1a\n" + b"p" * 50,
    b"\xff\xd8\xff\xe0" + b"j" * 50,
    b"RIFF\x10\0\0\0WEBPVP8 " + b"w" * 50,
)
NOT_PICTURES = {
    "gif": b"GIF89a" + b"g" * 50, "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "riff": b"RIFF\x10\0\0\0WAVE",
    "text": b"hello", "nothing": b"", "short": b"\x89PNG",
}  # fmt: skip


def base64(image: bytes) -> str:
    """As clients send it."""
    return b64encode(image).decode()


async def signed_in(home: Household, client: httpx.AsyncClient, email: str = MAYA, name: str = "maya") -> None:
    """Join, and show the Bearer token from now on."""
    client.headers.update(bearer(await home.join(client, email, name)))


async def test_fields(home: Household) -> None:
    """A new person's profile has every documented field; what isn't known is null."""
    async with home.client() as client:
        await signed_in(home, client)
        said = (await client.get(PROFILE)).json()
    known = {"username": "maya", "email": MAYA, "status": "ACTIVE", "email_verified": True, "role": "adult"}
    assert known.items() <= said.items()
    unknown = ("first_name", "last_name", "phone_number", "profile_picture_data")
    assert [said[name] for name in unknown] == [None] * 4


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_change(home: Household, method: str) -> None:
    """PATCH and PUT write what is sent and leave what isn't; null or nothing clears; validate shows it at once."""
    async with home.client() as client:
        await signed_in(home, client)
        assert (await client.get(VALIDATE)).json()["user"]["name"] == "maya"
        everything = {"first_name": "Maya", "last_name": "Berg", "phone_number": "+31 20 123", "username": "Sun.2"}
        said = (await client.request(method, PROFILE, json=everything | {"role": "owner", "status": "x"})).json()
        assert everything.items() <= said.items()
        assert said["role"] == "adult"
        assert (await client.get(VALIDATE)).json()["user"]["name"] == "Maya Berg"
        await client.request(method, PROFILE, json={"last_name": None, "phone_number": ""})
        said = (await client.get(PROFILE)).json()
        assert [said[name] for name in ("first_name", "last_name", "phone_number")] == ["Maya", None, None]
        assert (await client.get(VALIDATE)).json()["username"] == "Sun.2"
        granted(await client.post("/auth/login", json={"username": "sun.2", "password": "Zebra-River-42!"}))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": NOOR}, 400, "email_change_not_here"),
        ({"email": "new@example.com", "first_name": "x"}, 400, "email_change_not_here"),
        ({"username": "NOOR"}, 409, "username_taken"),
        ({"username": "n o"}, 400, "invalid_username"),
        ({"username": ""}, 400, "invalid_username"),
        ({"username": None}, 400, "invalid_username"),
        ({"username": "x" * 65}, 400, "invalid_username"),
        ({"first_name": 3}, 400, "invalid_field"),
        ({"last_name": ["x"]}, 400, "invalid_field"),
        ({"first_name": "x" * 121}, 400, "invalid_field"),
        ({"phone_number": "1" * 41}, 400, "invalid_field"),
    ],
)
async def test_change_refused(home: Household, body: dict[str, Any], status: int, code: str) -> None:
    """What can't be is refused whole: nothing of the request is written."""
    async with home.client() as client, home.client() as other:
        await signed_in(home, client)
        await signed_in(home, other, NOOR, "noor")
        before = (await client.get(PROFILE)).json()
        refused(await client.patch(PROFILE, json={"last_name": "Berg"} | body), status, code)
        assert (await client.get(PROFILE)).json() == before


@pytest.mark.parametrize("body", [{"email": "MAYA@example.com"}, {"email": None}, {"username": "MAYA"}, {}])
async def test_unchanged_is_no_conflict(home: Household, body: dict[str, str]) -> None:
    """One's own address or username, in whatever case, is sent back by clients and refused by nothing."""
    async with home.client() as client:
        await signed_in(home, client)
        answer = await client.put(PROFILE, json=body | {"first_name": "Maya"})
        assert (answer.status_code, answer.json()["email"]) == (200, MAYA)
        assert answer.json()["first_name"] == "Maya"


async def test_race_for_a_username(home: Household) -> None:
    """Two people who take one username at once: one has it, the other is told."""
    async with home.client() as client, home.client() as other:
        await signed_in(home, client)
        await signed_in(home, other, NOOR, "noor")
        asked = [person.patch(PROFILE, json={"username": "Sun"}) for person in (client, other) * 4]
        answers = await asyncio.gather(*asked)
        assert sorted(answer.status_code for answer in answers) == [200] * 4 + [409] * 4
        names = [(await person.get(PROFILE)).json()["username"] for person in (client, other)]
    assert names.count("Sun") == 1


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=120))
async def test_names_are_kept_as_they_are(home: Household, text: str) -> None:
    """Whatever people are called, in whatever script: it comes back as it was sent."""
    async with home.client() as client:
        known = await home.login(client, MAYA)
        client.headers.update(bearer(known.json() if known.is_success else await home.join(client, MAYA, "maya")))
        assert (await client.patch(PROFILE, json={"first_name": text})).json()["first_name"] == text
        assert (await client.get(PROFILE)).json()["first_name"] == text


@pytest.mark.parametrize(("image", "kind"), [(PNG, "png"), (JPEG, "jpeg"), (WEBP, "webp")])
@pytest.mark.parametrize("head", ["", "data:image/{};base64,", "data:image/gif;base64,", "data:;base64,"])
async def test_pictures(home: Household, image: bytes, kind: str, head: str) -> None:
    """A PNG, JPEG or WebP, told by its bytes and not by its label, is shown as a data URL wherever a picture is."""
    async with home.client() as client:
        await signed_in(home, client)
        assert (await client.get(VALIDATE)).json()["user"]["profilePicture"] is None
        answer = await client.post(PICTURE, json={"image_data": head.format(kind) + base64(image)})
        assert (answer.status_code, list(answer.json())) == (200, ["message"])
        shown = f"data:image/{kind};base64,{base64(image)}"
        assert (await client.get(PROFILE)).json()["profile_picture_data"] == shown
        assert (await client.get(VALIDATE)).json()["user"]["profilePicture"] == shown
        assert (await client.delete(PICTURE)).status_code == 200
        assert (await client.get(PROFILE)).json()["profile_picture_data"] is None
        assert (await client.get(VALIDATE)).json()["user"]["profilePicture"] is None
        assert (await client.delete(PICTURE)).status_code == 200


@pytest.mark.parametrize(
    "data", [*(base64(image) for image in NOT_PICTURES.values()), "no base64!", "data:image/png,x"]
)
async def test_not_pictures(home: Household, data: str) -> None:
    """Other kinds of files, and what isn't base64, are a 400, and the picture before stays."""
    async with home.client() as client:
        await signed_in(home, client)
        await client.post(PICTURE, json={"image_data": base64(PNG)})
        refused(
            await client.post(PICTURE, json={"image_data": data}), 400, "invalid_image" if data else "missing_field"
        )
        assert base64(PNG) in (await client.get(PROFILE)).json()["profile_picture_data"]


@pytest.mark.parametrize("form", [False, True])
async def test_largest_picture(home: Household, form: bool) -> None:  # noqa: FBT001
    """Two MiB are shown, one byte more is a 413, and so is a body beyond all bounds."""
    async with home.client() as client:
        await signed_in(home, client)
        for surplus, status, code in ((0, 200, ""), (1, 413, "picture_too_large"), (LARGEST, 413, "body_too_large")):
            body = {"image_data": base64(PNG + b"p" * (LARGEST + surplus - len(PNG)))}
            answer = await (client.post(PICTURE, data=body) if form else client.post(PICTURE, json=body))
            assert (answer.status_code, answer.json().get("code", "")) == (status, code)
        assert len((await client.get(PROFILE)).json()["profile_picture_data"]) > LARGEST


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PROFILE), ("PATCH", PROFILE), ("PUT", PROFILE), ("POST", PICTURE), ("DELETE", PICTURE)]
)
async def test_needs_a_session(home: Household, method: str, path: str) -> None:
    """Without a session there is no profile."""
    async with home.client() as client:
        refused(await client.request(method, path), 401, "missing_token")
        refused(await client.request(method, path, headers={"authorization": "Bearer x"}), 401, "invalid_token")
