"""Redis or the database gone, and back: nobody is let in by a guess, and all is well by itself afterwards."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import httpx
import pytest
import sqlalchemy as sa

from tests.cloud.pair import PASSWORD, Pair, bearer, validated
from tests.processes import Process

pytestmark = pytest.mark.mariadb

PATIENCE = 60


def until(happens: Callable[[], bool], what: str) -> None:
    """Wait for what has to come by itself."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if happens():
                return
        time.sleep(0.1)
    pytest.fail(f"It never happened: {what}.")


def sign_in(process: Process, email: str) -> int:
    """The status of a sign-in."""
    with process.client() as client:
        return client.post("/auth/login", json={"email": email, "password": PASSWORD}).status_code


def test_without_redis(pair: Pair) -> None:
    """Who is signed in goes on, ended sessions are refused by the database, what has to be counted is refused."""
    tokens, ended = (pair.join(pair.one, f"{name}@example.com", name) for name in ("ida", "jon"))
    assert validated(pair.other, ended).status_code == 200
    pair.redis.kill()
    try:
        with pair.one.client() as client:
            assert client.post("/auth/logout", headers=bearer(ended)).status_code == 200
            assert client.get("/health/ready").status_code == 200
        until(lambda: validated(pair.other, ended).status_code in {401, 503}, "the ended session is refused")
        assert validated(pair.other, tokens).status_code == 200
        assert sign_in(pair.other, "ida@example.com") == 503
    finally:
        pair.redis.start()
    for process in (pair.one, pair.other):
        until(partial(lambda each: sign_in(each, "ida@example.com") == 200, process), "people sign in again")
    until(lambda: validated(pair.other, ended).status_code == 401, "the ended session is still refused")


def test_without_the_database(pair: Pair) -> None:
    """Within seconds every token is refused as unknown, not as wrong, and health says why; it ends by itself."""
    tokens = pair.join(pair.one, "kim@example.com", "kim")
    assert validated(pair.other, tokens).status_code == 200
    pair.mariadb.sql("ALTER USER 'cloud'@'127.0.0.1' ACCOUNT LOCK")
    try:
        _hang_up(pair)
        until(lambda: validated(pair.other, tokens).status_code == 503, "tokens are refused")
        answer = validated(pair.other, tokens)
        assert (answer.json()["code"], "retry-after" in answer.headers) == ("storage_unavailable", True)
        with pair.other.client() as client:
            ready = client.get("/health/ready")
            assert (ready.status_code, client.get("/health/live").status_code) == (503, 200)
            assert "database" in ready.text
    finally:
        pair.mariadb.sql("ALTER USER 'cloud'@'127.0.0.1' ACCOUNT UNLOCK")
    until(lambda: validated(pair.other, tokens).status_code == 200, "tokens are good again")


def _hang_up(pair: Pair) -> None:
    """Cut every connection of the deployment's."""
    name = sa.make_url(pair.settings["DATABASE_URL"]).database
    for line in pair.mariadb.sql(f"SELECT id FROM information_schema.processlist WHERE db = '{name}'").split():  # noqa: S608
        with suppress(Exception):
            pair.mariadb.sql(f"KILL {line}")
