"""Run again: what is whole is left alone, what isn't is made good, and what is taken away leaves what it should."""

from tests.install import cuts
from tests.install.house import INSTALL, UNIT, add, left, people, serving, status
from tests.systemd.machines import Machine

CURRENT = "/opt/rex-auth-edge/current"
DAMAGE = f"""
echo >{CURRENT}/lib/python3*/site-packages/rex_auth_edge/appliance.py
rm /etc/systemd/system/rex-auth-edge-http.socket /usr/local/bin/rex-auth-edge
"""


def test_repair(hub: Machine) -> None:
    """What is whole is left alone; a damaged file makes the version anew beside it, and the data stays."""
    add(hub, "maya")
    pid = hub.about(UNIT, "MainPID")
    assert "runs as it should" in hub.said(*INSTALL)
    assert hub.about(UNIT, "MainPID") == pid
    hub.shell(DAMAGE)
    assert "Label's secret" not in hub.said(*INSTALL)
    assert serving(hub)
    assert people(hub) == ["maya"]
    hub.shell(f"cd {CURRENT}; sha256sum --check --quiet complete; systemctl cat rex-auth-edge-http.socket")
    assert len(hub.said("ls", "/opt/rex-auth-edge/versions").split()) == 1


def test_uninstall_and_purge(hub: Machine) -> None:
    """Uninstalled, settings and data stay; installed again, at two goes, it is the same hub; purged, it is gone."""
    add(hub, "maya", "owner")
    name = status(hub)["url"]
    hub.run(f"{CURRENT}/install.sh", "--uninstall")
    assert hub.run("systemctl", "cat", UNIT, check=False).returncode
    assert left(hub) == {"/etc/rex-auth-edge.toml", "/var/lib/rex-auth-edge"}
    killed = hub.run(*INSTALL, check=False, environ=cuts.prepare(hub, "install.sh", "link_units", cuts.KILL))
    assert killed.returncode not in {0, 1}
    assert hub.said(*INSTALL).endswith("and sign in.")
    assert (status(hub)["url"], people(hub)) == (name, ["maya"])
    assert hub.run(INSTALL[0], "--purge", check=False).returncode == 2
    assert people(hub) == ["maya"]
    hub.run(INSTALL[0], "--purge", "--yes")
    assert left(hub) == set()
    assert hub.run("id", "rex-auth-edge", check=False).returncode
