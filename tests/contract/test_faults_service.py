"""Faults 16 to 21 of the original service: rates, bad bodies, settings, mail, logs, health."""

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from rex_auth_edge import logs
from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.settings import SettingsError, load
from rex_auth_edge.storage import outbox
from tests.hub import PASSWORD, Household

MAYA = "maya@example.com"


async def test_fault_16_mail_per_target(home: Household) -> None:
    """Six forgotten passwords a minute for one address are one too many; a minute later it goes on."""
    async with home.client() as client:
        statuses = [(await client.post("/auth/password/forgot", json={"email": MAYA})).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        home.clock.advance(MINUTE)
        assert (await client.post("/auth/password/forgot", json={"email": MAYA})).status_code == 200


async def test_fault_16_health_and_good_sessions_are_exempt(home: Household) -> None:
    """Neither health nor a good session's validate is ever limited, not even behind an address full of failures."""
    async with home.client() as client:
        await home.join(client, MAYA)
        bad = {"authorization": "Bearer nonsense"}
        flood = [(await client.get("/auth/token/validate", headers=bad)).status_code for _ in range(40)]
        assert flood == [401] * 30 + [429] * 10
        good = [(await client.get("/auth/token/validate")).status_code for _ in range(100)]
        assert set(good) == {200}
        assert {(await client.get("/health/live")).status_code for _ in range(100)} == {200}


async def test_fault_16_wall_clock_steps_change_nothing(home: Household) -> None:
    """A clock that is set back locks nobody out, and one that is set forward opens nothing."""
    async with home.client() as client:
        for _ in range(6):
            await client.post("/auth/password/forgot", json={"email": MAYA})
        home.clock.step(10 * MINUTE)
        assert (await client.post("/auth/password/forgot", json={"email": MAYA})).status_code == 429
        home.clock.step(-1000 * MINUTE)
        home.clock.advance(MINUTE)
        assert (await client.post("/auth/password/forgot", json={"email": MAYA})).status_code == 200


@pytest.mark.parametrize(
    "path", ["/auth/login", "/auth/register/initiate", "/auth/register/verify", "/auth/password/reset"]
)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("[1]", None),
        ('"text"', None),
        ("{", None),
        ("", None),
        ("[" * 100_000, None),
        ('{"email": 3, "password": 3}', "email"),
        ('{"email": {"a": 1}}', "email"),
        ("\xff\xfe", None),
    ],
)
async def test_fault_17_bad_bodies(home: Household, path: str, body: str, field: str | None) -> None:
    """A body that isn't an object of texts is a 400 of the ordinary shape, which names the field."""
    async with home.client() as client:
        headers = {"content-type": "application/json"}
        answer = await client.post(path, content=body.encode("latin-1"), headers=headers)
    said = answer.json()
    assert answer.status_code == 400, answer.text
    assert said["message"] == said["error"]
    assert isinstance(said["code"], str)
    if field and path != "/auth/password/reset":
        assert field in said["fields"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("ACCESS_TOKEN_EXPIRES_MINUTES", "0"), ("SECRET_KEY", ""), ("REFRESH_TOKEN_EXPIRES_DAYS", "-1")],
)
def test_fault_18_settings_that_cannot_work(tmp_path: Path, name: str, value: str) -> None:
    """A lifetime of 0 or an empty secret refuses to start and names the setting."""
    with pytest.raises(SettingsError, match=name):
        load({"REX_DATA_DIR": str(tmp_path / "data"), name: value}, development=True)


async def test_fault_18_unset_secret_is_made(tmp_path: Path) -> None:
    """A secret that isn't set is made, differs from hub to hub, and stays."""
    made = [
        load({"REX_DATA_DIR": str(tmp_path / name)}, development=True).keys.secret_key.reveal()
        for name in ("one", "two", "one")
    ]
    assert made[0] == made[2] != made[1]
    assert len(made[0]) >= 32


async def test_fault_19_letters_wait(home: Household) -> None:
    """While mail can't go out nothing is lost: the letter is in the outbox, and its request has been answered."""
    async with home.client() as client:
        await home.begin(client, MAYA)
    waiting = await home.store.read(lambda conn: outbox.listed(conn, home.hub.parts.home, ["waiting"]))
    assert [row.letter for row in waiting] == ["verification"]
    assert len(await home.mail(MAYA)) == 1


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """What the hub writes at its most talkative level."""
    root, written = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    logs.configure("debug")
    for handler in root.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


async def test_fault_20_nothing_secret_in_logs(home: Household, everything_logged: io.StringIO) -> None:
    """At debug level, neither passwords nor codes nor tokens nor addresses are logged."""
    async with home.client() as client:
        temp_token = await home.begin(client, MAYA)
        code = await home.code(MAYA)
        proof = {"email": MAYA, "otp": code, "temp_token": temp_token}
        joined = (await client.post("/auth/register/verify", json=proof)).json()
        token = await home.reset_token(client, MAYA)
        await client.get(f"/auth/password/reset/validate?token={token}")
        await home.login(client, MAYA, "Wrong-Word-11!")
        await client.post("/auth/login", content=PASSWORD.encode(), headers={"content-type": "application/json"})
    logged = everything_logged.getvalue()
    assert "/auth/login" in logged
    secrets = (
        PASSWORD,
        "Wrong-Word-11!",
        code,
        temp_token,
        token,
        joined["access_token"],
        joined["refresh_token"],
        MAYA,
    )
    assert [secret for secret in secrets if secret in logged] == []


async def test_fault_20_a_failure_tells_nothing(home: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected failure is a 500 of the ordinary shape, without its text."""

    def broken(*_: object) -> object:
        message = f"secret {PASSWORD}"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("rex_auth_edge.flows.login._find", broken)
    async with home.client() as client:
        answer = await home.login(client, MAYA)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert PASSWORD not in answer.text


async def test_fault_21_health_looks_at_the_database(home: Household) -> None:
    """A hub whose database is gone is alive and not ready, and says which part failed."""
    async with home.client() as client:
        ready = await client.get("/health/ready")
        said = {"status": "ok", "clock": "synced", "clock_why": home.clock.explain()}
        assert (ready.status_code, ready.json()) == (200, said)
        await home.store.close()
        assert (await client.get("/health/live")).status_code == 200
        gone = await client.get("/health/ready")
    assert (gone.status_code, gone.json()["failing"]) == (503, ["database"])
    assert gone.headers["retry-after"]


async def test_fault_21_storage_failure_is_a_503(home: Household) -> None:
    """Without its database the hub refuses with a sentence, never with a 500."""
    async with home.client() as client:
        await home.store.close()
        answers = await asyncio.gather(
            home.login(client, MAYA), client.post("/auth/password/forgot", json={"email": MAYA})
        )
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "storage_unavailable")}
