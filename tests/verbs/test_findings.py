"""Doctor's checks of certificate, LAN, backups and units, each made to fail."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rex_auth_edge.client.find import Found
from rex_auth_edge.domain.clock import DAY, HOUR, SECOND
from rex_auth_edge.keeping.backup import KEY_FILE
from rex_auth_edge.settings import Settings, load
from rex_auth_edge.verbs import backups, certificates, lan, units
from tests.doubles import HandClock
from tests.tls.homes import UNIT, Lan, ca_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A hub that shows its household's certificate."""
    return load({"REX_DATA_DIR": str(tmp_path), "REX_UNIT_ID": UNIT, "REX_PORT": "8443"})


def certified(settings: Settings, clock: HandClock) -> Settings:
    """After its first start."""
    ca_in(settings.data_dir, clock, Lan("192.168.1.5"))
    return settings


def test_certificate(settings: Settings, clock: HandClock) -> None:
    """A good one is named with the CA that vouches for it; none, and one that is over or not begun, are failures."""
    assert certificates.finding(settings, clock.now()).level == "fail"
    certified(settings, clock)
    found = certificates.finding(settings, clock.now())
    assert found.level == "ok"
    assert f"rex-{UNIT}.local" in found.seen
    assert found.seen.count(":") == 31  # the fingerprint
    clock.advance(1_000 * DAY)
    over = certificates.finding(settings, clock.now())
    assert (over.level, "ended" in over.seen, "clock" in over.advice) == ("fail", True, True)
    clock.step(-1_100 * DAY)
    early = certificates.finding(settings, clock.now())
    assert (early.level, "from" in early.seen) == ("fail", True)


def test_certificate_that_ends_soon(settings: Settings, clock: HandClock) -> None:
    """Long before it is over, since the hub should have renewed it."""
    certified(settings, clock)
    clock.advance(80 * DAY)
    assert certificates.finding(settings, clock.now()).level == "warn"


def test_certificate_of_another(settings: Settings, clock: HandClock) -> None:
    """Files of the owner's have to be for a name that people open the hub by."""
    certified(settings, clock)
    called = replace(settings.web, allowed_hosts=frozenset({"rex-zzzz2345.local"}))
    other = replace(settings, unit_id="zzzz2345", host="rex-zzzz2345.local", web=called)
    found = certificates.finding(other, clock.now())
    assert (found.level, "REX_ALLOWED_HOSTS" in found.advice) == ("warn", True)
    allowed = replace(other, web=replace(other.web, allowed_hosts=frozenset({f"rex-{UNIT}.local"})))
    assert certificates.finding(allowed, clock.now()).level == "ok"


def test_certificate_that_is_none(settings: Settings, clock: HandClock) -> None:
    """Garbage, and a CA's file that others may read, are explained."""
    certified(settings, clock)
    (settings.data_dir / "tls" / "root.pem").chmod(0o644)
    assert "chmod 600" in certificates.finding(settings, clock.now()).seen
    (settings.data_dir / "tls" / "hub.pem").write_text("garbage")
    assert certificates.finding(settings, clock.now()).level == "fail"
    plain = replace(settings, listen=replace(settings.listen, tls=None))
    assert certificates.finding(plain, clock.now()).level == "skipped"


def heard(name: str, unit_id: str = UNIT) -> Found:
    """A hub as it announces itself."""
    return Found(name, f"{name}.local", 443, ("192.168.1.5",), {"id": unit_id})


@pytest.mark.parametrize(
    ("answers", "level", "says"),
    [
        ([], "fail", "Nobody"),
        ([heard("rex-zzzz2345", "zzzz2345")], "fail", "Nobody"),
        ([heard(f"rex-{UNIT}")], "ok", "192.168.1.5"),
        ([heard(f"rex-{UNIT}-2")], "warn", f"rex-{UNIT}-2.local"),
        ([heard(f"rex-{UNIT}"), heard(f"rex-{UNIT}-2")], "warn", f"rex-{UNIT}-2.local"),
    ],
    ids=["silence", "another hub", "itself", "renamed", "copied"],
)
def test_lan(answers: list[Found], level: str, says: str) -> None:
    """The hub is heard once, under its own name; all else is worth a look."""
    found = lan.judged(UNIT, answers)
    assert (found.level, says in found.seen) == (level, True)
    assert bool(found.advice) is (level != "ok")


def test_backups(tmp_path: Path, clock: HandClock) -> None:
    """No key, no backup and an old one are said, each with the command for it."""
    assert "backup-key" in backups.finding(tmp_path, clock.now()).advice
    (tmp_path / KEY_FILE).write_text("age1...")
    assert "db backup" in backups.finding(tmp_path, clock.now()).advice
    (tmp_path / "backups").mkdir()
    made = tmp_path / "backups" / "rex-20270115T080000Z-0000.tar.gz.age"
    made.write_bytes(b"")
    for age, level in ((HOUR, "ok"), (4 * DAY, "warn")):
        at = (clock.wall - age) / SECOND
        os.utime(made, (at, at))
        assert backups.finding(tmp_path, clock.now()).level == level


GOOD = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "Result": "success"}


@pytest.mark.parametrize(
    ("unit", "change", "level", "advice"),
    [
        (units.SERVICE, {"ActiveState": "failed", "Result": "watchdog"}, "fail", "systemctl start"),
        (units.SERVICE, {"UnitFileState": "disabled"}, "fail", "systemctl enable"),
        (units.SERVICE, {"NRestarts": "7"}, "warn", "journalctl"),
        (units.SERVICE, {"NeedDaemonReload": "yes"}, "warn", "daemon-reload"),
        ("rex-auth-edge-https.socket", {"ActiveState": "failed"}, "fail", "ss -ltnp"),
        (units.TIMER, {"ActiveState": "inactive"}, "warn", "systemctl enable --now"),
        (units.BACKUP, {"Result": "exit-code"}, "fail", "journalctl -u rex-auth-edge-backup"),
    ],
)
def test_units(unit: str, change: Mapping[str, str], level: str, advice: str, tmp_path: Path) -> None:
    """What is wrong with one unit is said alone, with the command for it."""

    def show(name: str) -> Mapping[str, str]:
        return GOOD | (dict(change) if name == unit else {})

    (found,) = units.findings(show, tmp_path / "upgrading")
    assert (found.level, advice in found.advice) == (level, True)


def test_units_that_are_well(tmp_path: Path) -> None:
    """One line; an upgrade that isn't finished is another; a hub that no systemd runs has none to look at."""
    (found,) = units.findings(lambda _: GOOD, tmp_path / "upgrading")
    assert found.level == "ok"
    (tmp_path / "upgrading").write_text("1 2 0")
    (found,) = units.findings(lambda _: GOOD, tmp_path / "upgrading")
    assert (found.level, "install.sh" in found.advice) == ("warn", True)
    (found,) = units.findings(lambda _: {"LoadState": "not-found"}, tmp_path / "upgrading")
    assert found.level == "skipped"
