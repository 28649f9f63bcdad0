"""What systemd says of an installed hub: whether its units run, will run after a reboot, and have had trouble."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rex_auth_edge.verbs.finding import FAIL, OK, SKIPPED, WARN, Finding

SERVICE = "rex-auth-edge.service"
SOCKETS = {
    "rex-auth-edge-https.socket": "port 443",
    "rex-auth-edge-http.socket": "port 80",
    "rex-auth-edge-gateway.socket": "the gateway's port on 127.0.0.1",
}
TIMER, BACKUP = "rex-auth-edge-backup.timer", "rex-auth-edge-backup.service"
UPGRADING = Path("/opt/rex-auth-edge/upgrading")
"""There while an upgrade is under way: written and removed by install.sh and systemd/settle."""

_CHECK = "units"
_BOOTED = Path("/run/systemd/system")
_ASKED = "LoadState,ActiveState,UnitFileState,Result,NRestarts,NeedDaemonReload"
_MANY = 3
_LOG = "See why with `journalctl -u rex-auth-edge`."

Show = Callable[[str], Mapping[str, str]]


def findings(show: Show | None = None, upgrading: Path = UPGRADING) -> list[Finding]:
    """`show` tells a unit's properties; without it systemd is asked, where this machine runs it."""
    if show is None:
        if not _BOOTED.is_dir():
            return []
        show = _systemctl
    service = show(SERVICE)
    if service.get("LoadState") != "loaded":
        return [Finding(_CHECK, SKIPPED, "The hub isn't installed as a service of this machine.")]
    found = [*_of_service(service), *_of_sockets(show), *_of_backups(show), *_of_upgrade(upgrading)]
    return found or [Finding(_CHECK, OK, "The service, its sockets and the nightly backup are as they should be.")]


def _systemctl(unit: str) -> Mapping[str, str]:
    asked = ["systemctl", "show", f"--property={_ASKED}", unit]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def _of_service(service: Mapping[str, str]) -> Iterator[Finding]:
    if service.get("ActiveState") not in {"active", "activating", "reloading"}:
        seen = f"The service is {service.get('ActiveState')} ({service.get('Result')})."
        yield Finding(_CHECK, FAIL, seen, f"Run `systemctl start {SERVICE}`. {_LOG}")
    if service.get("UnitFileState") != "enabled":
        seen = "The service won't start after a reboot."
        yield Finding(_CHECK, FAIL, seen, f"Run `systemctl enable {SERVICE}`, or install.sh again.")
    restarts = int(service.get("NRestarts") or 0)
    if restarts >= _MANY:
        yield Finding(_CHECK, WARN, f"The service was restarted {restarts} times since it was started.", _LOG)
    if service.get("NeedDaemonReload") == "yes":
        yield Finding(_CHECK, WARN, "The unit files have changed since systemd read them.", "`systemctl daemon-reload`")


def _of_sockets(show: Show) -> Iterator[Finding]:
    for unit, held in SOCKETS.items():
        if show(unit).get("ActiveState") != "active":
            advice = f"Run `systemctl start {unit}`; if that fails, see with `ss -ltnp` who has the port."
            yield Finding(_CHECK, FAIL, f"Nobody listens on {held} for the hub.", advice)


def _of_backups(show: Show) -> Iterator[Finding]:
    if show(TIMER).get("ActiveState") != "active":
        yield Finding(_CHECK, WARN, "The nightly backup is switched off.", f"Run `systemctl enable --now {TIMER}`.")
    if (result := show(BACKUP).get("Result", "success")) != "success":
        advice = "See why with `journalctl -u rex-auth-edge-backup`."
        yield Finding(_CHECK, FAIL, f"The last nightly backup has failed ({result}).", advice)


def _of_upgrade(upgrading: Path) -> Iterator[Finding]:
    if upgrading.exists():
        advice = "Run install.sh again, or restart the service: either finishes it, or goes back."
        yield Finding(_CHECK, WARN, "An upgrade was begun and isn't finished.", advice)
