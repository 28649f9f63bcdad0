"""`serve` as a real process: starts, says where, refuses what can't work, and comes back after kill -9."""

import signal
import sqlite3
from pathlib import Path

import pytest

from tests.hub import PASSWORD
from tests.processes import Process, run, serving, started


def registered(hub: Process, email: str) -> dict[str, str]:
    """A person who has registered at a real hub, with the code off its console."""
    with hub.client() as client:
        begun = client.post("/auth/register/initiate", json={"email": email, "password": PASSWORD})
        code = hub.read_until(r"code is (\d{6})")
        proof = {"email": email, "otp": code, "temp_token": begun.json()["temp_token"]}
        answer = client.post("/auth/register/verify", json=proof)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def test_serves_and_stops_in_order(tmp_path: Path) -> None:
    """A hub says where it serves, is ready, and ends with exit code 0 on SIGTERM, its socket removed."""
    with started(tmp_path / "data") as hub:
        with hub.client() as client:
            ready = client.get("/health/ready")
        assert ready.json()["status"] == "ok"
        assert hub.stop() == 0
    assert not (tmp_path / "data" / "control.sock").exists()


def test_confirmed_survives_kill(tmp_path: Path) -> None:
    """What was confirmed before kill -9 is there after the next start; what was revoked stays revoked."""
    with serving(tmp_path / "data") as hub:
        kept, ended = registered(hub, "maya@example.com"), registered(hub, "noor@example.com")
        with hub.client() as client:
            out = client.post("/auth/logout", headers={"authorization": f"Bearer {ended['access_token']}"})
            assert out.status_code == 200
        hub.stop(signal.SIGKILL)
    with serving(tmp_path / "data") as hub, hub.client() as client:
        answers = [
            client.get("/auth/token/validate", headers={"authorization": f"Bearer {one['access_token']}"}).status_code
            for one in (kept, ended)
        ]
        assert answers == [200, 401]


def test_second_hub_on_one_directory(tmp_path: Path) -> None:
    """A data directory has one hub at a time; the second says so and exits with 3."""
    with serving(tmp_path / "data"):
        second = run(tmp_path / "data", "serve", "--development")
    assert second.returncode == 3
    assert "Another rex-auth-edge is running" in second.stderr


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ACCESS_TOKEN_EXPIRES_MINUTES": "0"}, "ACCESS_TOKEN_EXPIRES_MINUTES"),
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"REX_HTTP_PORT": "80"}, "REX_TLS=off"),
        ({"REX_PRT": "80"}, "REX_PORT"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all/hub.db"}, "can't be opened"),
    ],
)
def test_refuses_what_cannot_work(tmp_path: Path, settings: dict[str, str], sentence: str) -> None:
    """A setting that can't work stops the start with exit code 3 and a sentence, without a traceback."""
    failed = run(tmp_path / "data", "serve", **settings)
    assert failed.returncode == 3
    assert sentence in failed.stderr
    assert "Traceback" not in failed.stderr


def test_missing_directory(tmp_path: Path) -> None:
    """A data directory whose parent doesn't exist is named, with what to do."""
    failed = run(tmp_path / "no" / "data", "serve")
    assert failed.returncode == 3
    assert "make the directory" in failed.stderr


def test_database_of_a_newer_version(tmp_path: Path) -> None:
    """A database from a newer version is left as it is, and the start says what to do."""
    with serving(tmp_path / "data") as hub:
        hub.stop()
    with sqlite3.connect(tmp_path / "data" / "rex-auth-edge.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    failed = run(tmp_path / "data", "serve", "--development")
    assert failed.returncode == 3
    assert "newer version" in failed.stderr


def test_not_a_database(tmp_path: Path) -> None:
    """A file that is no database is kept, and the start says so."""
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "rex-auth-edge.db").write_bytes(b"something else" * 100)
    failed = run(tmp_path / "data", "serve", "--development")
    assert failed.returncode == 3
    assert "not a SQLite database" in failed.stderr
    assert (tmp_path / "data" / "rex-auth-edge.db").read_bytes() == b"something else" * 100


def test_port_in_use(tmp_path: Path) -> None:
    """A taken port is a sentence, not a traceback."""
    with serving(tmp_path / "one") as hub:
        failed = run(tmp_path / "two", "serve", "--development", REX_PORT=hub.url.rpartition(":")[2])
    assert failed.returncode == 3
    assert "already in use" in failed.stderr
