"""`import` into the cloud: households of an old service, killed in the middle, and done to its end by the next run."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rex_auth_edge.storage.store import Store
from tests.cli.consoles import Console
from tests.cloud.settings import SETTINGS
from tests.doubles import HandClock
from tests.hub import household
from tests.mariadb import MariaServer
from tests.moving.original import HASHER, PASSWORD, on_sqlite
from tests.processes import environment

pytestmark = pytest.mark.mariadb

PEOPLE = 100
PATIENCE = 60


def people(server: MariaServer) -> int:
    """How many are there."""
    return int(server.sql("SELECT COUNT(*) FROM rex.users"))


def killed_at(server: MariaServer, office: Console, arguments: list[str]) -> int:
    """Begin to move in, and kill -9 once the first page is there; how many came in."""
    command = [sys.executable, "-m", "rex_auth_edge", *arguments]
    env = environment(office.data_dir, **{**office.settings, "REX_PORT": "0"})
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + PATIENCE
        while not people(server) and process.poll() is None and time.monotonic() < deadline:
            pass
        process.kill()
    return people(server)


async def test_killed_in_the_middle(
    office: Console, mariadb_server: MariaServer, mariadb_store: Store, clock: HandClock, tmp_path: Path
) -> None:
    """Whole pages stay, nobody comes twice, and everybody signs in with the password of before."""
    source, hashed = on_sqlite(tmp_path), HASHER.hash(PASSWORD)
    for number in range(PEOPLE):
        source.add(f"person{number}", f"person{number}@example.com", tenant=1 + number // 5 * 5, password_hash=hashed)
    await source._write()
    arguments = ["import", "--source", f"sqlite:///{source.url.database}", "--each", "--apply"]
    before = killed_at(mariadb_server, office, arguments)
    assert before in range(25, PEOPLE, 25)
    said = await asyncio.to_thread(office.done, *arguments)
    assert (said["moved"], said["before"], people(mariadb_server)) == (PEOPLE - before, before, PEOPLE)
    assert (said["households"], said["left_out"]) == ((PEOPLE - before) // 5, 0)
    home = await household(mariadb_store, clock, tmp_path / "data", **SETTINGS)
    async with home.client() as client:
        for number in (0, before - 1, before, PEOPLE - 1):
            assert (await home.login(client, f"person{number}@example.com", PASSWORD)).status_code == 200
    await home.hub.close()
