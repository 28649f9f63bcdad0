"""The files that start the cloud role in containers: in order, with settings that there are, and no secret in them.

What they do in an engine was tried by hand (podman 5.4; Docker 20.10 with compose 2.26); these tests keep them as
they were then, and in agreement.
"""

import re
import subprocess
import sys
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships none

from rex_auth_edge.settings.table import BY_NAME

FOLDER = Path(__file__).parents[2] / "systemd" / "cloud"
UNITS = sorted(FOLDER.glob("*.container"))
KNOWN = {
    "Unit": {"Description", "Requires", "Wants", "After"},
    "Container": {
        *(
            "Image",
            "ContainerName",
            "NetworkAlias",
            "Network",
            "Volume",
            "Environment",
            "EnvironmentFile",
            "Secret",
            "Exec",
        ),
        *("HealthCmd", "HealthInterval", "HealthTimeout", "HealthStartPeriod", "HealthRetries", "Notify"),
        *("PublishPort", "ReadOnly", "DropCapability", "NoNewPrivileges", "StopTimeout"),
    },
    "Service": {"Restart", "RestartSec", "Type", "RemainAfterExit", "TimeoutStartSec", "TimeoutStopSec"},
    "Install": {"WantedBy", "DefaultInstance"},
}
"""Keys of podman-systemd.unit(5) and systemd.unit(5) that we use."""
PROCESSES = ("app-8001", "app-8002")
APP = "rex-auth-edge@.container"


def compose() -> Any:
    """What compose.yaml says."""
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


def lines(unit: Path) -> list[tuple[str, str, str]]:
    """Section, key and value of each line of a unit."""
    found, section = [], ""
    for line in unit.read_text().splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.append((section, key, value))
    return found


def values(unit: str, key: str) -> list[str]:
    """Every word of a key's values."""
    return [word for _, name, value in lines(FOLDER / unit) if name == key for word in value.split()]


def settings_in(names: set[str]) -> set[str]:
    """Those of the names that are none of our settings."""
    return {name for name in names if name not in BY_NAME and name.removesuffix("_FILE") not in BY_NAME}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_well_formed(unit: Path) -> None:
    """Sections and keys are those of the manual, images have a tag or are our own, health is asked."""
    found = lines(unit)
    assert {(section, key) for section, key, _ in found if key not in KNOWN.get(section, set())} == set()
    image = next(value for _, key, value in found if key == "Image")
    assert image.startswith("localhost/") or re.search(r":\d[\w.-]*$", image)
    ours = {line.partition("=")[0] for line in values(unit.name, "Environment")}
    if image.startswith("localhost/"):
        assert settings_in(ours) == set()
        assert not any("PASSWORD=" in line or "KEY=" in line for line in values(unit.name, "Environment"))


def test_units_start_in_order() -> None:
    """The database is healthy before it is brought up to date, and that is done before any process serves."""
    assert values("rex-mariadb.container", "Notify") == values("rex-redis.container", "Notify") == ["healthy"]
    assert "rex-mariadb.service" in values("rex-migrate.container", "After")
    assert values("rex-auth-edge@.container", "Requires") == ["rex-migrate.service"]
    assert {"rex-migrate.service", "rex-redis.service"} <= set(values("rex-auth-edge@.container", "After"))
    named = {word for unit in UNITS for key in ("Requires", "Wants", "After") for word in values(unit.name, key)}
    assert {FOLDER / name.replace(".service", ".container") for name in named} <= set(UNITS)


def test_compose_starts_in_order() -> None:
    """The same for compose: health first, then the schema, then the processes; each setting is one of ours."""
    said, services = compose(), compose()["services"]
    waits = {
        name: {of: how["condition"] for of, how in each.get("depends_on", {}).items()}
        for name, each in services.items()
    }
    assert waits["migrate"] == {"mariadb": "service_healthy"}
    for process in PROCESSES:
        assert waits[process]["migrate"] == "service_completed_successfully"
        assert waits[process]["redis"] == "service_healthy"
    assert all("healthcheck" in services[name] for name in ("mariadb", "redis", *PROCESSES))
    assert settings_in(set(services["migrate"]["environment"])) == set()
    assert {secret for each in services.values() for secret in each.get("secrets", [])} == set(said["secrets"])


def test_the_image_holds_what_the_locks_hold() -> None:
    """Every package by its hash, run as nobody in particular, asked for its health."""
    text = (FOLDER / "Containerfile").read_text()
    assert "--require-hashes -r requirements.lock -r cloud.lock" in text
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert f"EXPOSE {BY_NAME['REX_PORT'].default}" in text


def test_units_mean_what_they_say() -> None:
    """Podman's generator loses a double quote at a value's end, and an empty word with all that follows it.

    It also stops a container after 10 seconds unless it is told otherwise, and systemd must wait for longer than that.
    """
    for unit in UNITS:
        assert [value for _, _, value in lines(unit) if value.endswith('"') or '""' in value or "''" in value] == []
    for name in (APP, "rex-mariadb.container"):
        patience = int(values(name, "StopTimeout")[0])
        assert 30 <= patience < int(values(name, "TimeoutStopSec")[0])


def test_a_database_that_is_away_ends_no_process() -> None:
    """Unhealthy is what a process says then; killed for it, systemd would give up on it after five starts at once."""
    assert all(not values(unit.name, "HealthOnFailure") for unit in UNITS)
    assert all(values(unit.name, "RestartSec") for unit in UNITS if values(unit.name, "Restart") == ["always"])


def test_compose_and_units_agree() -> None:
    """The same images, settings, secrets, commands, ports and times to stop, whichever of the two starts them."""
    services = compose()["services"]
    pairs = {"mariadb": "rex-mariadb.container", "redis": "rex-redis.container", "migrate": "rex-migrate.container"}
    for name, unit in {**pairs, **dict.fromkeys(PROCESSES, APP)}.items():
        service = services[name]
        assert service["image"] == values(unit, "Image")[0].removeprefix("localhost/")
        environment = {line.partition("=")[0] for line in values(unit, "Environment")}
        assert set(service.get("environment", {})) == environment
        secrets = {word.partition(",")[0].removeprefix("rex-") for word in values(unit, "Secret")}
        assert {secret.replace("_", "-") for secret in service.get("secrets", [])} == secrets
        assert service.get("read_only", False) == (values(unit, "ReadOnly") == ["true"])
    assert services["redis"]["command"].replace('""', "").split() == values("rex-redis.container", "Exec")
    assert services["migrate"]["command"] == values("rex-migrate.container", "Exec")
    port = BY_NAME["REX_PORT"].default
    assert values(APP, "PublishPort") == [f"127.0.0.1:%i:{port}"]
    assert [services[name]["ports"] for name in PROCESSES] == [[f"127.0.0.1:{name[4:]}:{port}"] for name in PROCESSES]


def test_an_engine_gets_what_the_image_is_made_of_and_no_more() -> None:
    """What is copied is let in, and of a checkout's keys, database and secrets nothing; nor does git take them."""
    listed = (FOLDER.parents[1] / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in listed if line.startswith("!")]
    assert listed[1] == "*"
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (FOLDER / "Containerfile").read_text(), re.MULTILINE)
    assert {path for paths in copied for path in paths.split()} == set(allowed)
    assert not any(fnmatch("systemd/cloud/secrets/secret_key", f"{path}*") for path in allowed)
    ignored = (FOLDER.parents[1] / ".gitignore").read_text().splitlines()
    assert {"/systemd/cloud/secrets/", "/systemd/cloud/cloud.env"} <= set(ignored)


class Answering(BaseHTTPRequestHandler):
    """Answers what it is told to."""

    status = 200

    def do_GET(self) -> None:
        """Say it of the one path that is asked for."""
        self.send_response(self.status if self.path == "/health/ready" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's name
        """Keep quiet."""


def test_health_is_honest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe is the image's own, the same everywhere, and fails where the process refuses, or nothing answers."""
    probe = FOLDER / "healthy"
    assert probe.stat().st_mode & 0o111
    assert probe.read_text().startswith("#!/opt/rex-auth-edge/bin/python\n")
    text = (FOLDER / "Containerfile").read_text()
    assert 'CMD ["healthy"]' in text
    assert "COPY systemd/cloud/healthy /opt/rex-auth-edge/bin/" in text
    assert [compose()["services"][name]["healthcheck"]["test"] for name in PROCESSES] == [["CMD", "healthy"]] * 2
    assert values(APP, "HealthCmd") == ["healthy"]
    said = []
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("REX_PORT", str(server.server_port))
        for status in (200, 503):
            Answering.status = status
            said.append(subprocess.run([sys.executable, "-I", probe], check=False, capture_output=True).returncode)
        server.shutdown()
    said.append(subprocess.run([sys.executable, "-I", probe], check=False, capture_output=True).returncode)
    assert said == [0, 1, 1]
