"""The console on a deployment's database: what is otherwise there than on a hub."""

import json
import socket

import pytest

from rex_auth_edge.storage import open as open_
from tests.cli.consoles import Console
from tests.cloud.pair import Pair
from tests.redis_server import RedisServer

pytestmark = pytest.mark.mariadb


def test_a_household_is_owned_by_invitation(office: Console) -> None:
    """There are no setup codes: whoever makes a household is told how its owner comes in, and so says the doctor."""
    said = office.said("household", "create", "Oma")
    invite = "rex-auth-edge invite create --household oma --role owner"
    assert "setup code" not in said
    assert invite in said
    (owners,) = [each for each in office.run("doctor").stdout.splitlines() if invite in each]
    assert "Invite" in owners
    assert "no setup codes in the cloud" in office.run("setup-code", "--household", "oma").stderr
    assert office.done(*invite.split()[1:])["role"] == "owner"


def test_the_doctor(office: Console, redis: RedisServer) -> None:
    """It looks at Redis and the database, not at a directory, a LAN or units; whatever is away is a failure."""
    said = office.done("doctor")
    found = {each["check"]: each["level"] for each in said["checks"]}
    assert (said["ok"], found["redis"], found["processes"], found["database"]) == (True, "ok", "warn", "ok")
    assert not {"hub", "data directory", "secrets", "disk", "lan", "units"} & set(found)
    redis.kill()
    result = office.run("doctor")
    redis.start()
    assert result.exit_code == 1
    assert "RATELIMIT_STORAGE_URI" in result.stdout
    away = Console(office.data_dir, {**office.environ, "DATABASE_URL": "mysql://root@127.0.0.1:9/rex"}).run("doctor")
    assert away.exit_code == 1
    assert "DATABASE_URL right?" in away.stdout


def test_status(office: Console, pair: Pair) -> None:
    """It is ready where any process is, and has neither a directory nor a disk; where none serves it doesn't run."""
    said = office.run("status", "--json")
    assert (said.exit_code, json.loads(said.stdout)["failing"]) == (1, {})
    serving = Console(office.data_dir, {**office.environ, **pair.settings})
    said = serving.done("status")
    assert (said["running"], said["ready"], said["processes"]) == (True, True, 2)
    assert (said["data_dir"], said["disk"]) == (None, None)
    screen = serving.said("status").splitlines()
    assert "ready, 2 processes" in screen[1]
    assert not [line for line in screen if line.startswith(("data ", "disk "))]


def test_the_doctor_of_a_frozen_database(office: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes connections and says nothing is given up, and named."""
    monkeypatch.setattr(open_, "CONNECTING", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        database = f"mysql://root@127.0.0.1:{frozen.getsockname()[1]}/rex"
        result = Console(office.data_dir, {**office.environ, "DATABASE_URL": database}).run("doctor")
    assert result.exit_code == 1
    assert "says nothing" in result.stdout
