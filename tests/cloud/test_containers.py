"""The files that start the cloud role in containers: in order, with settings that there are, and no secret in them."""

import re
from pathlib import Path

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
        *("HealthCmd", "HealthInterval", "HealthRetries", "HealthOnFailure", "Notify", "PublishPort", "ReadOnly"),
        *("DropCapability", "NoNewPrivileges"),
    },
    "Service": {"Restart", "Type", "RemainAfterExit", "TimeoutStartSec", "TimeoutStopSec"},
    "Install": {"WantedBy", "DefaultInstance"},
}
"""Keys of podman-systemd.unit(5) and systemd.unit(5) that we use."""


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
    said = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    services = said["services"]
    waits = {
        name: {of: how["condition"] for of, how in each.get("depends_on", {}).items()}
        for name, each in services.items()
    }
    assert waits["migrate"] == {"mariadb": "service_healthy"}
    assert waits["app"]["migrate"] == "service_completed_successfully"
    assert waits["app"]["redis"] == "service_healthy"
    assert all("healthcheck" in services[name] for name in ("mariadb", "redis"))
    assert settings_in(set(services["app"]["environment"])) == set()
    assert {secret for each in services.values() for secret in each.get("secrets", [])} == set(said["secrets"])


def test_the_image_holds_what_the_locks_hold() -> None:
    """Every package by its hash, run as nobody in particular, asked for its health."""
    text = (FOLDER / "Containerfile").read_text()
    assert "--require-hashes -r requirements.lock -r cloud.lock" in text
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
