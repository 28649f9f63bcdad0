"""A damaged database: the start refuses it and says the ways back, and the file stays as it is, byte for byte."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.bad_days.people import sign_in, signed_up
from tests.processes import run, serving

MAYA = "maya@example.com"
PAGE = 4096


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a hub that was killed."""
    data_dir = tmp_path_factory.mktemp("killed") / "data"
    with serving(data_dir) as hub, hub.client() as client:
        signed_up(hub, client, MAYA)
        hub.stop(signal.SIGKILL)
    return data_dir


@pytest.fixture
def path(killed: Path, tmp_path: Path) -> Path:
    """The database in a copy of that directory, with nothing in its log."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    for file in killed.glob("*"):
        if file.is_file() and not file.name.endswith(("-shm", "-reserve")):
            shutil.copy2(file, data / file.name)
    settled(data / "rex-auth-edge.db")
    return data / "rex-auth-edge.db"


def settled(path: Path) -> None:
    """Move the log into the database."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def root_of(path: Path, name: str) -> int:
    """Where in the file a table or index begins."""
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        return PAGE * (int(database.execute(query, [name]).fetchone()[0]) - 1)


def scratch_out(path: Path, place: int, size: int = PAGE) -> None:
    """Write nonsense over a part of the file."""
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xa5" * size)


def contents(path: Path) -> dict[str, bytes]:
    """The database's files; the index of the log is made anew each time, and a log without anything in it is none."""
    files = [file for file in (path, path.with_name(f"{path.name}-wal")) if file.exists()]
    return {file.name: content for file in files if (content := file.read_bytes())}


def refused(data_dir: Path) -> str:
    """What the start says, having changed nothing."""
    before = contents(data_dir / "rex-auth-edge.db")
    failed = run(data_dir, "serve", "--development")
    assert failed.returncode == 3
    assert "Traceback" not in failed.stderr
    assert contents(data_dir / "rex-auth-edge.db") == before
    assert "is damaged" in failed.stderr
    assert "It was left as it is" in failed.stderr
    assert ".dump | sed" in failed.stderr
    return failed.stderr


@pytest.mark.parametrize("table", ["users", "audit", "auth_sessions", "node_facts"])
def test_a_table(path: Path, table: str) -> None:
    """Wherever the damage is."""
    scratch_out(path, root_of(path, table))
    refused(path.parent)


def test_the_header(path: Path) -> None:
    """What says how to read the rest."""
    scratch_out(path, 16, 84)
    refused(path.parent)


def test_beside_a_log(path: Path) -> None:
    """The log of a hub that was killed isn't moved into a damaged file, nor removed."""
    with serving(path.parent) as hub, hub.client() as client:
        sign_in(client, MAYA)
        hub.stop(signal.SIGKILL)
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    scratch_out(path, root_of(path, "invitations"))
    refused(path.parent)


def test_cut_short(path: Path) -> None:
    """A file that has lost its end."""
    os.truncate(path, path.stat().st_size // 2)
    refused(path.parent)


def test_the_way_back(path: Path, tmp_path: Path) -> None:
    """What the sentences say works: keep the file, save what can be read, look at it, start. Copies are named."""
    data, kept = path.parent, tmp_path / "kept"
    (data / "backups").mkdir()
    copy = data / "backups" / "before-0009-0008.sqlite3"
    copy.touch()
    scratch_out(path, root_of(path, "audit"))
    said = refused(data)
    assert str(copy) in said
    kept.mkdir()
    for name in contents(path):
        shutil.move(data / name, kept / name)
    if shutil.which("sqlite3") is None:
        pytest.skip("SQLite's shell isn't installed. On Debian: apt install sqlite3")
    command = re.search(r"run `(sqlite3 KEPT.*?)` \(", said)
    assert command
    subprocess.run(command[1].replace("KEPT", str(kept)), shell=True, check=True)  # noqa: S602  as a person types it
    looked = run(data, "db", "check")
    assert (looked.returncode, "the log goes on past its recorded end" in looked.stdout) == (1, True)
    with serving(data) as hub, hub.client() as client:
        assert sign_in(client, MAYA).valid(client)


def test_damage_while_running(path: Path) -> None:
    """What meets it is refused with 503, health says so, tokens are validated still, and revocations are tried."""
    with serving(path.parent, RATE_LIMIT_ENABLED="false") as hub, hub.client() as client:
        stays, leaves = sign_in(client, MAYA), sign_in(client, MAYA)
        settled(path)
        scratch_out(path, root_of(path, "audit_heads"))
        begun = [login(client), login(client)]
        assert {(answer.status_code, answer.json()["code"]) for answer in begun} == {(503, "storage_unavailable")}
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["why"]) == (503, {"database": "damaged"})
        assert client.post("/auth/logout", headers=leaves.bearer).status_code == 503
        assert stays.valid(client)
        hub.stop(signal.SIGKILL)
    refused(path.parent)


def login(client: httpx.Client) -> httpx.Response:
    """Try to sign in."""
    return client.post("/auth/login", json={"email": MAYA, "password": "Zebra-River-42!"})
