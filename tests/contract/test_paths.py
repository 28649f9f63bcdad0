"""The same contract by all three generations of paths, in JSON and as forms; and every error in one shape."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.contract.shapes import MAYA, NEW_PASSWORD, bearer, granted, refused
from tests.hub import PASSWORD, Household, text_of

COMMON = {
    "initiate": "register/initiate", "verify": "register/verify", "resend": "register/resend-otp", "login": "login",
    "refresh": "token/refresh", "validate": "token/validate", "forgot": "password/forgot",
    "look": "password/reset/validate", "reset": "password/reset", "change": "password/change", "csrf": "csrf",
    "reauthenticate": "reauthenticate", "logout": "logout", "logout-all": "logout-all",
    "logout-others": "logout-others", "profile": "profile", "picture": "profile/picture", "sessions": "sessions",
    "history": "history",
}  # fmt: skip
GATEWAY = {
    "initiate": "auth/register", "verify": "auth/verify-email", "resend": "auth/resend-otp", "login": "auth/login",
    "refresh": "auth/refresh", "validate": "auth/token/validate", "forgot": "password/forgot",
    "look": "password/reset-token/validate", "reset": "password/reset", "change": "password/change",
    "csrf": "auth/csrf", "reauthenticate": "auth/reauthenticate", "logout": "auth/logout",
    "logout-all": "auth/logout-all", "logout-others": "auth/logout-others", "profile": "profile/me",
    "picture": "profile/me/picture", "sessions": "sessions", "history": "security/activity",
}  # fmt: skip
DASHBOARD = {"forgot": "forgot-password", "reset": "reset-password", "look": "validate-reset-token"}
GENERATIONS = {
    "G1": {name: f"/auth/{path}" for name, path in COMMON.items()},
    "G2": {name: f"/api/auth/{path}" for name, path in COMMON.items()},
    "G3": {name: f"/api/v1/{path}" for name, path in GATEWAY.items()},
    "dashboard": {name: f"/api/auth/{path}" for name, path in (COMMON | DASHBOARD).items()},
}
POSTED = ("initiate", "verify", "resend", "login", "refresh", "forgot", "reset", "change", "reauthenticate", "picture")


@dataclass
class Caller:
    """A client of one generation, which sends bodies as JSON or as forms, and its tokens once it has some."""

    client: httpx.AsyncClient
    paths: dict[str, str]
    form: bool
    tokens: dict[str, str]

    async def ask(self, name: str, method: str = "POST", tail: str = "", **body: str) -> httpx.Response:
        """Call an endpoint by its name."""
        headers = bearer(self.tokens) if self.tokens else {}
        path = self.paths[name] + tail
        if not body:
            return await self.client.request(method, path, headers=headers)
        return await self.client.request(method, path, headers=headers, **{"data" if self.form else "json": body})  # type: ignore[arg-type]

    async def said(self, name: str, method: str = "POST", tail: str = "", **body: str) -> dict[str, Any]:
        """Call an endpoint; what it says, once it is a 200."""
        answer = await self.ask(name, method, tail, **body)
        assert answer.status_code == 200, (name, answer.text)
        return dict(answer.json())


async def join(home: Household, caller: Caller) -> None:
    """Register with a resend, and verify."""
    begun = await caller.said("initiate", email=MAYA, password=PASSWORD, username="maya", firstName="Maya")
    home.clock.advance(120_000)
    again = await caller.said("resend", email=MAYA, temp_token=begun["temp_token"])
    body = {"email": MAYA, "otp": await home.code(MAYA), "temp_token": again["temp_token"]}
    caller.tokens = granted(await caller.ask("verify", **body))


async def recover(home: Household, caller: Caller) -> None:
    """Forget the password, look at the link, and set another."""
    caller.tokens = {}
    assert await caller.said("forgot", email=MAYA) == {"message": "Password reset email sent"}
    token = text_of((await home.mail(MAYA))[-1]).partition("token=")[2].split()[0]
    if caller.paths["look"].startswith("/api/v1"):
        looks = [await caller.said("look", **{name: token}) for name in ("reset_token", "token")]
    else:
        looks = [await caller.said("look", "GET", f"?token={token}")]
    assert {look["username"] for look in looks} == {"maya"}
    await caller.said("reset", token=token, password=NEW_PASSWORD)
    caller.tokens = granted(await caller.ask("login", email=MAYA, password=NEW_PASSWORD))
    await caller.said("change", current_password=NEW_PASSWORD, new_password=PASSWORD)
    await caller.said("reauthenticate", password=PASSWORD)


async def manage(caller: Caller) -> None:
    """Look at and change one's own things."""
    assert (await caller.said("profile", "GET"))["first_name"] == "Maya"
    assert (await caller.said("profile", "PATCH", last_name="Berg"))["last_name"] == "Berg"
    assert (await caller.said("profile", "PUT", phone_number="1"))["phone_number"] == "1"
    await caller.said("picture", image_data="/9j/4AAQ")
    said = await caller.said("validate", "GET")
    assert said["user"] == {"name": "Maya Berg", "email": MAYA, "profilePicture": "data:image/jpeg;base64,/9j/4AAQ"}
    await caller.said("picture", "DELETE")
    granted(await caller.client.post(caller.paths["login"], json={"email": MAYA, "password": PASSWORD}))
    sessions = (await caller.said("sessions", "GET"))["sessions"]
    (other,) = [row["id"] for row in sessions if not row["is_current"]]
    await caller.said("sessions", "DELETE", f"/{other}")
    await caller.said("sessions", "DELETE")
    assert len((await caller.said("sessions", "GET"))["sessions"]) == 1
    actions = {row["action"] for row in (await caller.said("history", "GET"))["history"]}
    assert actions >= {"verify", "login", "password.reset", "profile.change"}
    assert (await caller.said("csrf", "GET")).keys() == {"csrf_token"}


@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_whole_contract(home: Household, generation: str, form: bool) -> None:  # noqa: FBT001
    """Everything that a person does can be done by each generation of paths, with either kind of body."""
    async with home.client() as client:
        caller = Caller(client, GENERATIONS[generation], form, {})
        await join(home, caller)
        await recover(home, caller)
        await manage(caller)
        client.cookies.clear()
        caller.tokens = granted(await caller.ask("refresh", refresh_token=caller.tokens["refresh_token"]))
        for name in ("logout-others", "logout"):
            await caller.said(name)
        refused(await caller.ask("profile", "GET"), 401, "invalid_token")
        caller.tokens = granted(await caller.ask("login", username="maya", password=PASSWORD))
        await caller.said("logout-all")
        refused(await caller.ask("logout"), 401, "invalid_token")


ENDPOINTS = sorted({paths[name] for paths in GENERATIONS.values() for name in POSTED})


async def test_errors_have_one_shape_on_every_path(home: Household) -> None:
    """On every path: lists, broken JSON, other kinds of body, too large ones and other methods, in the one shape."""
    async with home.client() as client:
        for path in ENDPOINTS:
            kind = {"content-type": "application/json"}
            refused(await client.post(path, content=b"[]", headers=kind), 400, "bad_request")
            refused(await client.post(path, content=b'{"a":', headers=kind), 400, "bad_request")
            xml = {"content-type": "application/xml"}
            refused(await client.post(path, content=b"<a/>", headers=xml), 415, "unsupported_media_type")
            refused(await client.post(path, content=b" " * (4 << 20), headers=kind), 413, "body_too_large")
            other = await client.request("TRACE", path)
            refused(other, 405, "method_not_allowed")
            assert "POST" in other.headers["allow"]


async def test_wrong_types_name_the_field_on_every_path(home: Household) -> None:
    """A number where a text belongs is a 400 that names the field, strictly, on every path."""
    fields = {
        "initiate": "username", "verify": "otp", "resend": "temp_token", "login": "password", "forgot": "email",
        "refresh": "refresh_token", "reset": "new_password", "change": "new_password", "reauthenticate": "password",
        "picture": "image_data",
    }  # fmt: skip
    async with home.client() as client:
        headers = bearer(await home.join(client, MAYA))
        for paths in GENERATIONS.values():
            for name, field in fields.items():
                answer = await client.post(paths[name], json={field: 3}, headers=headers)
                refused(answer, 400, "invalid_field")
                assert list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize("path", ["/", "/auth", "/nothing", "//x", "/auth/nothing", "/api/v2/auth/login", "/x" * 500])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_what_is_not_there(home: Household, method: str, path: str) -> None:
    """A path that isn't one is a 404 of the same shape, with JSON and never HTML."""
    async with home.client() as client:
        answer = await client.request(method, path)
    refused(answer, 404, "not_found")


async def test_rate_limits_say_when(home: Household) -> None:
    """A 429 is of the same shape and bears Retry-After."""
    async with home.client() as client:
        answers = [await client.post("/auth/password/forgot", json={"email": MAYA}) for _ in range(6)]
    refused(answers[-1], 429, "rate_limited")


@pytest.mark.parametrize("path", ["/health", "/health/live"])
async def test_health(home: Household, path: str) -> None:
    """Health says ok."""
    async with home.client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
