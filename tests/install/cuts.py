"""Cutting install.sh and settle off at a given command, as a kill or a power cut would."""

from tests.systemd.machines import Machine

_HOOK = "/srv/hook.sh"
_HERE = "/run/cut-here"
_SCRIPT = f"""
if [[ ${{0##*/}} == "$CUT_IN" ]]; then
    set -T
    trap 'if [[ $BASH_COMMAND == $CUT_AT && ! -e {_HERE} ]]; then touch {_HERE}; eval "$CUT_DO"; fi' DEBUG
fi
"""
KILL = "kill -9 $$ $BASHPID"
STAND_STILL = "sleep infinity"


def prepare(hub: Machine, script: str, command: str, act: str) -> dict[str, str]:
    """The environment in which the script does the act (once) before it runs the command, a pattern of its text."""
    hub.run("rm", "-f", _HERE)
    hub.run("tee", _HOOK, typed=_SCRIPT)
    return {"BASH_ENV": _HOOK, "CUT_IN": script, "CUT_AT": command, "CUT_DO": act}


def settle_stops_at(hub: Machine, command: str) -> None:
    """At its next start the service's settle stands still before this command."""
    environ = prepare(hub, "settle", command, STAND_STILL)
    lines = "\n".join(f"Environment='{name}={value}'" for name, value in environ.items())
    folder = "/run/systemd/system/rex-auth-edge.service.d"
    hub.run("mkdir", "-p", folder)
    hub.run("tee", f"{folder}/cut.conf", typed=f"[Service]\n{lines}\n")
    hub.run("systemctl", "daemon-reload")


def reached(hub: Machine) -> None:
    """Wait until it stands there."""
    hub.until(f"test -e {_HERE}")
