"""Disks that fail: fsync errors, and a card that the kernel has made read-only. Real ones, of loop devices."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from rex_auth_edge.flows import health
from rex_auth_edge.storage.store import Store
from tests.bad_days import disks
from tests.bad_days.people import Session, sign_in, signed_up
from tests.hub import PASSWORD
from tests.processes import Process, run, serving

MAYA = "maya@example.com"


def hub_on(disk: Path) -> AbstractContextManager[Process]:
    """A hub whose data directory is on the disk; its metrics at a port of their own."""
    return serving(disk / "data", RATE_LIMIT_ENABLED="false", REX_LOG_LEVEL="error")


@pytest.fixture
def card(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A disk whose own device may run out of room, and that device's place: what fills it breaks fsync."""
    disks.needed()
    with disks.tmpfs(tmp_path / "device", 32) as device, disks.ext4(device / "card", 96, "-O", "^has_journal") as disk:
        yield disk, device


def why(client: httpx.Client) -> dict[str, str]:
    """What keeps the hub from being ready."""
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    return dict(answer.json()["why"])


def wear(client: httpx.Client) -> None:
    """Write until that fails: what the device has given out already takes a little more."""
    body = {"email": MAYA, "password": PASSWORD}
    assert 503 in (client.post("/auth/login", json=body).status_code for _ in range(100))
    client.cookies.clear()


def refused(client: httpx.Client, session: Session) -> None:
    """Nothing is confirmed. The first write finds that out; after it there may be nothing to write to at all."""
    into = client.post("/auth/login", json={"email": MAYA, "password": session.password})
    assert (into.status_code, into.json()["code"]) == (503, "storage_unavailable")
    assert into.headers["retry-after"]
    out = client.post("/auth/logout", headers=session.bearer)
    assert (out.status_code, out.json()["code"]) == (503, "storage_unavailable")


def test_fsync_fails(card: tuple[Path, Path]) -> None:
    """Nobody is told that it was written, whoever wanted to be signed out is, and the hub recovers by itself."""
    disk, device = card
    with hub_on(disk) as hub, hub.client() as client:
        signed_up(hub, client, MAYA)
        leaves, stays = sign_in(client, MAYA), sign_in(client, MAYA)
        subprocess.run(["sync", "--file-system", disk], check=True)
        ballast = disks.fill(device)
        wear(client)
        refused(client, leaves)
        assert (leaves.valid(client), stays.valid(client)) == (False, True)
        assert why(client) == {"database": "failing"}
        ballast.unlink()
        assert client.get("/health/ready").status_code == 200
        later = sign_in(client, MAYA)
        hub.stop(signal.SIGKILL)
    with hub_on(disk) as hub, hub.client() as client:
        assert (stays.valid(client), later.valid(client)) == (True, True)
        hub.stop()
    assert run(disk / "data", "db", "check").returncode == 0


def test_a_read_only_disk(tmp_path: Path) -> None:
    """What the kernel has made read-only is named, a start on it is refused, and nothing confirmed is lost."""
    disks.needed()
    with disks.ext4(tmp_path / "card", 96) as disk:
        with hub_on(disk) as hub, hub.client() as client:
            signed_up(hub, client, MAYA)
            stays, left, asks = (sign_in(client, MAYA) for _ in range(3))
            assert client.post("/auth/logout", headers=left.bearer).status_code == 200
            disks.remount(disk, "abort")  # what ext4 does to itself when its journal can't be written
            refused(client, asks)
            assert [session.valid(client) for session in (stays, left, asks)] == [True, False, False]
            assert why(client)["database"] == "failing"  # newer kernels don't show the disk itself as read-only
            hub.stop(signal.SIGKILL)
        failed = run(disk / "data", "serve", "--development")
        assert failed.returncode == 3
        assert re.search(r"Error: .*[Rr]ead-only", failed.stderr)
        assert "Traceback" not in failed.stderr
    with disks.elsewhere(tmp_path / "card") as disk, hub_on(disk) as hub, hub.client() as client:
        assert (stays.valid(client), left.valid(client)) == (True, False)


async def test_health_names_a_read_only_disk(sqlite_store: Store, tmp_path: Path) -> None:
    """Before anything had to be written."""
    disks.needed()
    with disks.tmpfs(tmp_path / "disk", 16) as disk:
        assert await health.why_failing(sqlite_store, disk) == {}
        disks.remount(disk, "ro")
        assert await health.why_failing(sqlite_store, disk) == {"disk": "read_only"}
    assert await health.why_failing(sqlite_store, tmp_path / "gone") == {"disk": "gone"}
