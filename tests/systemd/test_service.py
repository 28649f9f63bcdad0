"""The service as systemd runs it: ready when it serves, watched, bounded, stopped in order, readable in the journal."""

import json
import time

from tests.systemd.conftest import Layers
from tests.systemd.machines import Machine

UNIT = "rex-auth-edge.service"
SOCKETS = [f"rex-auth-edge-{door}.socket" for door in ("https", "http", "gateway")]
HEALTH = """import ssl, urllib.request
there = "http://127.0.0.1:8000/health/ready"
print(urllib.request.urlopen(there, timeout=5).status)"""

LOGIN = """import urllib.request
urllib.request.urlopen("http://127.0.0.1:8000/auth/login", b"username=nobody&password=Zebra-River-42!", timeout=10)"""


def ready(hub: Machine) -> bool:
    """Whether a request is answered now."""
    return hub.run("python3", "-c", HEALTH, check=False).stdout == "200\n"


def override(hub: Machine, *lines: str) -> None:
    """Change the unit, as `systemctl edit` does, and restart it."""
    content = "\n".join(("[Service]", *lines))
    hub.run("mkdir", "-p", f"/etc/systemd/system/{UNIT}.d")
    hub.run("tee", f"/etc/systemd/system/{UNIT}.d/test.conf", typed=content + "\n")
    hub.run("systemctl", "daemon-reload")
    hub.run("systemctl", "restart", UNIT)


def main_pid(hub: Machine) -> str:
    """The hub's process."""
    return hub.about(UNIT, "MainPID")[0]


def kills(hub: Machine) -> int:
    """How often systemd has seen the hub killed."""
    return hub.said("journalctl", "--unit", UNIT, "--output=cat").count("status=9/KILL")


def test_installed_on_a_clean_debian(layers: Layers) -> None:
    """install.sh tells address, first page, fingerprint, setup code, QR code, and the label's secret."""
    lines = layers.said.splitlines()
    assert any(line.startswith("address      https://rex-") and line.endswith(".local") for line in lines)
    assert any(line.startswith("first time   http://rex-") and line.endswith(".local/trust") for line in lines)
    assert any(line.startswith("fingerprint  ") and line.count(":") == 31 for line in lines)
    assert any(line.startswith("setup code   ") for line in lines)
    assert lines[-1].endswith("make the hub yours with the setup code.")
    assert "█▀" in layers.said
    assert sum(line.startswith("Label's secret: ") for line in lines) == 1


def test_ready_is_when_it_serves(hub: Machine) -> None:
    """A restart returns when the next request is answered, and says where; nobody needs to own a privilege."""
    hub.run("systemctl", "restart", UNIT)
    assert ready(hub)
    status, user, code = hub.about(UNIT, "StatusText", "User", "NRestarts")
    assert status.startswith("Serving https://rex-")
    assert (user, code) == ("rex-auth-edge", "0")
    capabilities = hub.said("grep", "CapEff", f"/proc/{main_pid(hub)}/status")
    assert capabilities.split()[1].strip("0") == ""


def test_not_ready_before(hub: Machine) -> None:
    """While the hub can't open its data it isn't active; systemd goes on trying, and it is once it can."""
    held = "exec 8>/var/lib/rex-auth-edge/lock; systemctl stop rex-auth-edge; flock 8"
    tried = "systemctl start rex-auth-edge || echo refused; systemctl show rex-auth-edge --property=ActiveState --value"
    assert hub.shell(f"{held}; {tried}").split() == ["refused", "activating"]
    hub.until(f"systemctl is-active {UNIT}")
    assert ready(hub)


def test_a_hung_hub_is_killed_and_comes_back(hub: Machine) -> None:
    """A process that stands still doesn't feed the watchdog: systemd kills it and starts another."""
    override(hub, "WatchdogSec=2", "RestartSec=100ms", "TimeoutAbortSec=1")
    before = main_pid(hub)
    time.sleep(3)
    assert main_pid(hub) == before
    hub.shell(f"kill -STOP {before}")
    hub.until(f"test $(systemctl show -p MainPID --value {UNIT}) != {before} && systemctl is-active {UNIT}")
    assert "Watchdog timeout" in hub.said("journalctl", "--unit", UNIT, "--output=cat")
    assert ready(hub)


def test_memory_has_a_limit(hub: Machine) -> None:
    """What passes the limit is killed, and a new hub is up; what the hub usually takes is far below."""
    used, most = hub.about(UNIT, "MemoryCurrent", "MemoryMax")
    assert int(used) < int(most) / 3
    override(hub, "MemoryMax=128M", "Environment=REX_ARGON2_MEMORY_KIB=262144")
    before, killed = main_pid(hub), kills(hub)
    hub.run("python3", "-c", LOGIN, check=False)
    hub.until(f"test $(systemctl show -p MainPID --value {UNIT}) != {before} && systemctl is-active {UNIT}")
    assert kills(hub) > killed


def test_secrets_come_as_credentials(hub: Machine) -> None:
    """A file in the credential store is a setting; without it the unit starts as well."""
    hub.run("mkdir", "-p", "-m", "700", "/etc/credstore")
    hub.run("tee", "/etc/credstore/rex-auth-edge.INTERNAL_SERVICE_TOKEN", typed="a-gateway-and-a-hub-know-this")
    hub.run("systemctl", "restart", UNIT)
    (row,) = json.loads(hub.said("rex-auth-edge", "settings", "show", "internal_service_token", "--json"))
    assert (row["value"], row["source"]) == ("***", "credential")


def test_it_writes_into_its_state_and_nowhere_else(hub: Machine) -> None:
    """In the service's own view of the machine all else is read-only, and other processes can't be seen."""
    as_user = "setpriv --reuid=rex-auth-edge --regid=rex-auth-edge --clear-groups"
    inside = f"nsenter --target {main_pid(hub)} --mount {as_user}"
    for place in ("/etc", "/opt/rex-auth-edge", "/usr", "/var/lib", "/home"):
        assert hub.run("bash", "-c", f"{inside} touch {place}/file", check=False).returncode
    hub.shell(f"{inside} touch /var/lib/rex-auth-edge/file")
    assert hub.run("bash", "-c", f"{inside} test -e /proc/1/status", check=False).returncode


def test_the_journal_tells(hub: Machine) -> None:
    """Each line of the hub's is a JSON object with time, level and message; the setup code is there to be read."""
    lines = hub.said("journalctl", "--unit", UNIT, "--output=cat", "--identifier=rex-auth-edge").splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    assert entries
    assert all({"ts", "level", "message"} <= entry.keys() for entry in entries)
    code = json.loads(hub.said("rex-auth-edge", "setup-code", "--json"))["setup_code"]
    assert any(code in entry["message"] for entry in entries)


def test_the_console_is_the_hubs_own_user(hub: Machine) -> None:
    """As root it works and leaves nothing of root's in the data directory; others are told to be root."""
    assert json.loads(hub.said("rex-auth-edge", "status", "--json"))["ready"] is True
    hub.run("systemctl", "stop", *SOCKETS, UNIT)
    hub.shell("echo 'Zebra-River-42!' | rex-auth-edge user add maya")
    assert hub.said("find", "/var/lib/rex-auth-edge", "!", "-user", "rex-auth-edge") == ""
    denied = hub.run("setpriv", "--reuid=65534", "--clear-groups", "rex-auth-edge", "status", check=False)
    assert denied.returncode == 3
    assert denied.stderr


def test_the_nightly_backup(hub: Machine) -> None:
    """Once the owner has a key for backups there is one every night; before, nothing is attempted."""
    for keyed in (False, True):
        if keyed:
            hub.run("rex-auth-edge", "db", "backup-key")
        hub.run("systemctl", "start", "rex-auth-edge-backup.service")
        made = hub.shell("find /var/lib/rex-auth-edge -path '*/backups/*.age'")
        assert bool(made) is keyed
        assert hub.about("rex-auth-edge-backup.service", "Result") == ("success",)
        assert hub.about("rex-auth-edge-backup.timer", "ActiveState") == ("active",)


def test_doctor_sees_the_units(hub: Machine) -> None:
    """On an installed hub doctor looks at its units, and says how to mend what somebody has switched off."""

    def seen() -> dict[str, str]:
        said = hub.run("rex-auth-edge", "doctor", "--json", check=False).stdout
        return {each["check"]: f"{each['level']}: {each['advice']}" for each in json.loads(said)["checks"]}

    assert seen()["units"].startswith("ok")
    hub.run("systemctl", "stop", "rex-auth-edge-backup.timer")
    assert "systemctl enable --now rex-auth-edge-backup.timer" in seen()["units"]
    hub.run("systemctl", "start", "rex-auth-edge-backup.timer")
