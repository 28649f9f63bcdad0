"""A full disk, a real one: what takes access away goes on, nothing else is begun, and it is over when it is over."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import httpx
import pytest

from rex_auth_edge import machine
from rex_auth_edge.storage.space import RESERVE
from tests.bad_days import disks
from tests.bad_days.people import Session, sign_in, signed_up
from tests.processes import Process, run, serving

MAYA = "maya@example.com"
REVOCATIONS = int(machine.environment().get("REX_REVOCATIONS", "60"))
"""How many are done on the full disk, after the first ones."""

Disk = Callable[[Path, int], AbstractContextManager[Path]]


@pytest.fixture(params=[disks.tmpfs, disks.ext4], ids=["tmpfs", "ext4"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A small disk with nothing but the hub's directory on it."""
    disks.needed()
    mount: Disk = request.param
    with mount(tmp_path / "disk", 64) as place:
        yield place


def hub_on(disk: Path) -> AbstractContextManager[Process]:
    """A hub whose data directory is on the disk."""
    return serving(disk / "data", RATE_LIMIT_ENABLED="false", REX_LOG_LEVEL="error")


def ordinary(client: httpx.Client, session: Session) -> list[httpx.Response]:
    """What would write, and takes nothing away from anybody."""
    return [
        client.post("/auth/login", json={"email": MAYA, "password": session.password}),
        client.post("/auth/login", json={"email": MAYA, "password": "Wrong-Guess-1!"}),
        client.post("/auth/register/initiate", json={"email": "noor@example.com", "password": session.password}),
        client.post("/auth/password/forgot", json={"email": MAYA}),
        client.post("/auth/token/refresh", json={"refresh_token": session.refresh_token}),
        client.patch("/auth/profile", json={"first_name": "Maya"}, headers=session.bearer),
    ]


def reserved(disk: Path) -> int:
    """Bytes in the reserve."""
    return (disk / "data" / "rex-auth-edge.db-reserve").stat().st_size


def test_a_full_disk(disk: Path) -> None:
    """Reading, validating and revoking go on, over a kill -9 as well; the rest is refused, and comes back by itself."""
    with hub_on(disk) as hub, hub.client() as client:
        signed_up(hub, client, MAYA)
        stays, spent, *others = [sign_in(client, MAYA) for _ in range(22)]
        stolen, spent = spent, spent.refreshed(client)
        assert reserved(disk) == RESERVE
        ballast = disks.fill(disk)
        everything_is_refused(client, stays)
        reading_goes_on(client, stays)
        for session in others[:15]:
            assert client.post("/auth/logout", headers=session.bearer).status_code == 200
        reused = client.post("/auth/token/refresh", json={"refresh_token": stolen.refresh_token},
                             headers={"user-agent": "somebody else"})  # fmt: skip
        assert (reused.status_code, reused.json()["code"]) == (401, "invalid_token")
        hub.stop(signal.SIGKILL)
    with hub_on(disk) as hub, hub.client() as client:  # on a disk that is still full
        everything_is_refused(client, stays)
        reading_goes_on(client, stays)
        assert {session.valid(client) for session in (spent, *others[:15])} == {False}
        assert {session.valid(client) for session in (stays, *others[15:])} == {True}
        for session in others[15:]:
            assert client.post("/auth/logout", headers=session.bearer).status_code == 200
        began = time.monotonic()
        done = many_revocations(client, stays)
        took = time.monotonic() - began
        assert (disk / "data" / "rex-auth-edge.db-wal").stat().st_size <= 12 * disks.MIB
        left = reserved(disk)
        ballast.unlink()
        everything_is_back(client, stays)
        assert reserved(disk) == RESERVE
        tell(disk, revocations=15 + 1 + 5 + done, seconds=round(took, 1), reserve_left=left)
        assert hub.stop() == 0
    checked = run(disk / "data", "db", "check")
    assert checked.returncode == 0, checked.stdout


def everything_is_refused(client: httpx.Client, session: Session) -> None:
    """With 503, a code of its own, and when to ask again; health names the disk."""
    answers = ordinary(client, session)
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "storage_full")}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["why"]) == (503, {"disk": "full"})


def reading_goes_on(client: httpx.Client, session: Session) -> None:
    """Sessions are listed, tokens are validated, and nobody's session ended because of the disk."""
    for path in ("/auth/token/validate", "/auth/sessions", "/auth/profile", "/.well-known/jwks.json", "/health/live"):
        assert client.get(path, headers=session.bearer).status_code == 200, path


def many_revocations(client: httpx.Client, session: Session) -> int:
    """Each writes its rows of state and audit, though there is nobody left to sign out."""
    answers = [client.post("/auth/logout-others", headers=session.bearer).status_code for _ in range(REVOCATIONS)]
    assert set(answers) <= {200}
    return len(answers)


def everything_is_back(client: httpx.Client, session: Session) -> None:
    """Without anybody's doing."""
    good, wrong, begun, forgot, refreshed, changed = ordinary(client, session)
    statuses = [answer.status_code for answer in (good, wrong, begun, forgot, refreshed, changed)]
    assert statuses == [200, 401, 200, 200, 200, 200], [answer.text for answer in ordinary(client, session)]
    assert client.get("/health/ready").status_code == 200


def tell(disk: Path, **counts: float) -> None:
    """For the note, where asked."""
    if target := machine.environment().get("REX_COUNTS"):
        with closing(sqlite3.connect(f"file:{disk}/data/rex-auth-edge.db?mode=ro", uri=True)) as database:
            counts["audit_rows"] = database.execute("SELECT count(*) FROM audit").fetchone()[0]
        with Path(target).open("a") as file:
            file.write(json.dumps({"test": "full disk", "on": os.fspath(disk), **counts}) + "\n")
