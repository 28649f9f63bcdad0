"""A hub goes through everything, failures included, with every logger at DEBUG: nothing secret is in what they say."""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.flows import login, signing
from rex_auth_edge.mail.options import MailOptions
from rex_auth_edge.mail.smtp import Smtp
from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.open import open_store
from tests.doubles import HandClock, SeededEntropy
from tests.hub import PASSWORD, Household, household
from tests.secrets_watch import WATCH, Watch, written

MAYA = "maya@example.com"
WRONG, NEW, NEWER, WEAK, UNREAD = (
    "Wrong-Word-11!",
    "Harbour-Lamp-77?",
    "Marble-Cloud-58+",
    "weak-one",
    "not-json-at-all",
)
SETTINGS = {
    "SECRET_KEY": "the-secret-key-of-this-very-hub-0123456789",
    "JWT_SECRET_KEY": "the-secret-that-gateways-have-too-0123456789",
    "INTERNAL_SERVICE_TOKEN": "the-token-of-the-internal-service",
    "SMTP_USERNAME": "rex-the-postman",
    "SMTP_PASSWORD": "the-password-of-the-postman",
}
CLIENTS_OWN = ("httpx", "httpcore")
"""The test's own client logs the addresses that it calls."""


class Everything(logging.Handler):
    """Keeps whatever anybody says."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if record.name.partition(".")[0] not in CLIENTS_OWN:
            self.lines.append(written(record))


@pytest.fixture
def everything() -> Iterator[Everything]:
    """Every logger at DEBUG, those of libraries too, from before the database is opened."""
    root, heard = logging.getLogger(), Everything()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(heard)
    yield heard
    root.removeHandler(heard)
    root.setLevel(level)


@pytest.fixture
async def home(everything: Everything, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub with secrets in its settings, listened to from its start on."""
    url = sa.make_url(f"sqlite:///{tmp_path}/hub.db")
    store = await open_store(url, tmp_path, clock, SeededEntropy())
    made = await household(store, clock, tmp_path / "data", **SETTINGS)
    yield made
    await made.hub.close()
    await store.close()


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"authorization": f"Bearer {token}"}


async def joining(home: Household, client: httpx.AsyncClient) -> None:
    """Register, with every mistake on the way."""
    await client.post("/auth/register/initiate", json={"email": MAYA, "password": WEAK})
    token = await home.begin(client, MAYA)
    await client.post("/auth/register/resend-otp", json={"email": MAYA, "temp_token": token})
    await client.post("/auth/register/verify", json={"email": MAYA, "otp": "000000", "temp_token": token})
    body = {"email": MAYA, "otp": await home.code(MAYA), "temp_token": token}
    for _ in range(2):
        await client.post("/auth/register/verify", json=body)
    await home.begin(home.client(), MAYA)
    await home.mail()


async def signing_in(home: Household, client: httpx.AsyncClient) -> None:
    """Sign in, be banned, refresh, come back with a spent token, and let tokens expire."""
    stranger = home.client("192.168.1.66")
    for _ in range(8):
        await home.login(stranger, MAYA, WRONG)
    await home.login(client, MAYA)
    await client.get("/auth/csrf")
    old = client.cookies["refresh_token"]
    access = client.cookies["access_token"]
    await client.get("/auth/token/validate", headers=bearer(access[:-2] + "xx"))
    await client.get(f"/auth/token/validate?access_token={access}", headers={"x-refresh-token": old})
    await client.post("/auth/token/refresh", json={})
    home.clock.advance(MINUTE)
    await stranger.post("/auth/token/refresh", json={"refresh_token": old})
    await client.get("/auth/token/validate")
    await home.login(client, MAYA)
    home.clock.advance(11 * MINUTE)
    await client.get("/auth/token/validate")
    await signing.rotate(home.hub.parts)


async def passwords(home: Household, client: httpx.AsyncClient) -> None:
    """Forget, reset, change, prove again; rightly and wrongly."""
    token = await home.reset_token(client, MAYA)
    await client.get("/auth/password/reset/validate", params={"token": token})
    for new in (WEAK, NEW, NEWER):
        await client.post("/auth/password/reset", json={"token": token, "new_password": new})
    granted = (await home.login(client, MAYA, NEW)).json()
    owned = bearer(granted["access_token"])
    for current in (WRONG, NEW):
        body = {"current_password": current, "new_password": NEWER}
        await client.post("/auth/password/change", json=body, headers=owned)
        await client.post("/auth/reauthenticate", json={"password": current}, headers=owned)
    await home.mail()
    for path in ("/auth/profile", "/auth/sessions", "/auth/history"):
        assert (await client.get(path)).status_code == 200
    await client.post("/auth/logout-all", headers=owned)


async def breaking(home: Household, client: httpx.AsyncClient) -> None:
    """Bodies that can't be read, and internal errors whose texts quote what was typed, within flows and outside."""
    await client.post("/auth/login", content=UNREAD.encode(), headers={"content-type": "application/json"})
    await client.post("/auth/login", json={"email": MAYA, "password": [PASSWORD]})
    await client.request("BREW", f"/auth/login?password={WRONG}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(login, "_find", quoting)
        patch.setattr(home.hub.authenticator, "claims", quoting)
        assert (await home.login(home.client(), MAYA, WRONG)).status_code == 500
        assert (
            await client.get("/auth/token/validate", headers=bearer(client.cookies["rex_device"]))
        ).status_code == 500
    await home.store.write(lambda tx: metadata.drop_all(tx.conn, [metadata.tables["login_attempts"]]))
    assert (await home.login(home.client(), MAYA, WRONG)).status_code == 503


def quoting(*args: object) -> None:
    """Fail as many do: with the input in the exception's text, and another exception behind it."""
    raise LookupError(NEWER + PASSWORD) from ValueError(str(args) + WRONG + NEW)


async def test_everything_logged(home: Household, everything: Everything) -> None:
    """Passwords, codes, tokens of every kind, cookies, links and settings: none is in any logger's words."""
    client = home.client()
    for part in (joining, signing_in, passwords):
        await part(home, client)
    await home.keep_up()
    await breaking(home, client)
    used = WATCH.secrets | {
        SETTINGS["SECRET_KEY"],
        SETTINGS["SMTP_PASSWORD"],
        *client.cookies.values(),
        WRONG,
        NEW,
        NEWER,
        WEAK,
        UNREAD,
        PASSWORD,
    }
    logged = "\n".join(everything.lines)
    assert "/auth/password/reset" in logged
    assert "Traceback" in logged
    assert len(used) > 20
    assert len(WATCH.codes) >= 2
    assert [secret for secret in used if len(secret) >= 8 and secret in logged] == []
    assert [code for code in WATCH.codes if re.search(rf"(?<![\w.-]){code}(?![\w.-])", logged)] == []


async def test_a_postman_who_isnt_there(everything: Everything, unused_tcp_port: int) -> None:
    """A mail server that can't be reached is logged without its password."""
    options = MailOptions(
        enabled=True, server="127.0.0.1", port=unused_tcp_port, username="rex", password=Secret(WRONG)
    )
    [outcome] = [each async for each in Smtp(options).deliver([])]
    assert WRONG not in repr(outcome)
    assert WRONG not in "\n".join(everything.lines)
    assert WRONG not in repr(options)


def test_the_watch_sees() -> None:
    """What is logged by mistake is found: in a message, in an extra field, in an exception's text, as a code."""
    secret, watch = "a-secret-of-some-length", Watch()
    watch.secrets.add(secret)
    watch.codes.add("123456")
    mistakes: list[dict[str, Any]] = [
        {"msg": "said %s", "args": (secret,)},
        {"msg": "said", "typed": {"password": secret}},
        {"msg": "failed", "exc_info": (ValueError, ValueError(secret), None)},
    ]
    for mistake in mistakes:
        watch.lines.clear()
        watch.emit(logging.makeLogRecord({"name": "rex_auth_edge.web", "levelname": "DEBUG"} | mistake))
        assert watch.leaked() == [secret]
    watch.lines[:] = ["the code is 123456", "not 1234567 or 0.123456"]
    assert watch.leaked() == ["123456"]
    watch.lines[:] = ["nothing of 1234567 or 0.123456"]
    assert watch.leaked() == []
