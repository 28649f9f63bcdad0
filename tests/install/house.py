"""What one sees of a hub from its console: the version that runs, the people in it, the versions on its disk."""

import json
import re
from typing import Any

from tests.systemd.conftest import RELEASE, WHEELS
from tests.systemd.machines import Machine

NEXT = "/srv/next"
INSTALL = (f"{RELEASE}/install.sh", "--wheels", WHEELS)
UPGRADE = (f"{NEXT}/install.sh", "--wheels", WHEELS)
UNIT = "rex-auth-edge.service"


def serving(hub: Machine) -> str:
    """The version that runs, once it serves."""
    hub.until(f"systemctl is-active {UNIT}")
    return str(status(hub)["version"])


def status(hub: Machine) -> dict[str, Any]:
    """What the running hub says of itself."""
    said: dict[str, Any] = json.loads(hub.said("rex-auth-edge", "status", "--json"))
    return said


def people(hub: Machine) -> list[str]:
    """Who is in the household."""
    return [person["username"] for person in json.loads(hub.said("rex-auth-edge", "user", "list", "--json"))]


def add(hub: Machine, name: str, role: str = "adult") -> None:
    """Somebody joins."""
    hub.shell(f"echo 'Zebra-River-42!' | rex-auth-edge user add {name} --role {role}")


def kept(hub: Machine) -> list[str]:
    """The versions on the disk, without what tells two builds of one apart."""
    return [re.sub("-.*", "", name) for name in hub.said("ls", "/opt/rex-auth-edge/versions").split()]


def left(hub: Machine) -> set[str]:
    """What bears the hub's name on the disk."""
    found = hub.said("find", "/etc", "/opt", "/usr", "/var/lib", "-name", "rex-auth-edge*", "-prune")
    return set(found.split())
