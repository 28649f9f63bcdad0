"""`doctor`, `status`, `db` and `settings`, on hubs in every condition."""

import json
import shutil
import sqlite3
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from rex_auth_edge.settings import load
from rex_auth_edge.storage.lock import DataDirLock
from rex_auth_edge.verbs import premises
from tests.cli.consoles import Console, settings_of


def levels(console: Console, **environ: str) -> tuple[int, dict[str, str]]:
    """The exit code, and each check's level."""
    found = console.run("doctor", "--json", **environ)
    return found.exit_code, {each["check"]: each["level"] for each in json.loads(found.stdout)["checks"]}


def damage(console: Console) -> None:
    """Overwrite what lies in the middle of the database."""
    with (console.data_dir / "rex-auth-edge.db").open("r+b") as file:
        file.seek(40_960)
        file.write(b"\xa5" * 40_960)


def test_a_hub_that_runs(running: Console) -> None:
    """Everything is looked at, nothing has failed; what is unwise is said."""
    code, found = levels(running)
    assert code == 0
    assert found == found | dict.fromkeys(("hub", "data directory", "secrets", "disk", "database", "outbox"), "ok")
    assert found["keys"] == "ok"
    assert (found["owners"], found["mail server"]) == ("warn", "warn")
    told = running.said("doctor")
    assert "setup-code" in told
    assert told.splitlines()[-1].startswith("Nothing failed")


def test_a_hub_that_is_stopped(stopped: Console) -> None:
    """That is what has failed; the rest is looked at all the same."""
    code, found = levels(stopped)
    assert code == 1
    assert (found["hub"], found["database"], found["keys"]) == ("fail", "ok", "ok")


def test_a_damaged_database(stopped: Console) -> None:
    """Doctor and `db check` say so with exit code 1, and leave the file as it is."""
    damage(stopped)
    before = (stopped.data_dir / "rex-auth-edge.db").read_bytes()
    code, found = levels(stopped)
    assert (code, found["database"]) == (1, "fail")
    checked = stopped.run("db", "check", "--json")
    assert checked.exit_code == 1
    assert json.loads(checked.stdout)["problems"]
    assert (stopped.data_dir / "rex-auth-edge.db").read_bytes() == before


def test_no_database_at_all(stopped: Console) -> None:
    """A file that is something else is kept; commands end with 3 and what to do."""
    path = stopped.data_dir / "rex-auth-edge.db"
    path.write_bytes(b"something else" * 100)
    assert levels(stopped)[1]["database"] == "fail"
    for command in (("status",), ("user", "list"), ("db", "upgrade")):
        refused = stopped.run(*command, "--json")
        assert refused.exit_code == 3
        assert str(path) in json.loads(refused.stderr)["message"]
    assert stopped.run("db", "check").exit_code == 1
    assert path.read_bytes() == b"something else" * 100


def test_a_database_that_was_moved_away(stopped: Console) -> None:
    """No command puts an empty one in its place, but the one that is named for it."""
    (stopped.data_dir / "rex-auth-edge.db").unlink()
    refused = stopped.run("user", "list")
    assert refused.exit_code == 3
    assert "put it back" in refused.stderr
    assert levels(stopped)[1]["database"] == "fail"
    assert not (stopped.data_dir / "rex-auth-edge.db").exists()
    assert stopped.done("db", "upgrade")["changed"]


def test_open_secrets_and_directory(stopped: Console) -> None:
    """What others may read is named with the command that closes it; `chmod` as it says, and all is well."""
    (stopped.data_dir / "rex-auth-edge.db").chmod(0o644)
    stopped.data_dir.chmod(0o750)
    found = premises.secrets(stopped.data_dir)
    assert found.level == "fail"
    assert "chmod 600" in found.advice
    assert premises.directory(stopped.data_dir).level == "warn"
    stopped.data_dir.chmod(0o777)
    assert premises.directory(stopped.data_dir).level == "fail"
    stopped.data_dir.chmod(0o700)
    (stopped.data_dir / "rex-auth-edge.db").chmod(0o600)
    assert {premises.secrets(stopped.data_dir).level, premises.directory(stopped.data_dir).level} == {"ok"}


def test_memory_against_hashing(stopped: Console, tmp_path: Path) -> None:
    """Hashing that doesn't fit fails, what fits only when nothing else runs is a warning."""
    settings = load(stopped.settings | {"REX_ARGON2_WORKERS": "4", "REX_ARGON2_MEMORY_KIB": "131072"})
    meminfo, cgroups = tmp_path / "meminfo", tmp_path / "cgroups"
    for total, free, level in ((4096, 3000, "ok"), (1024, 300, "warn"), (512, 500, "fail")):
        meminfo.write_text(f"MemTotal: {total * 1024} kB\nMemFree: 1 kB\nMemAvailable: {free * 1024} kB\n")
        assert premises.memory(settings, tmp_path, cgroups).level == level
    assert premises.memory(settings, tmp_path / "none", cgroups).level == "skipped"


def test_memory_that_systemd_allows(stopped: Console, tmp_path: Path) -> None:
    """What counts is the lower of what the machine has and what the service may have."""
    settings = load(stopped.settings | {"REX_ARGON2_WORKERS": "4", "REX_ARGON2_MEMORY_KIB": "131072"})
    place = tmp_path / "system.slice" / "rex-auth-edge.service"
    place.mkdir(parents=True)
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("0::/system.slice/rex-auth-edge.service\n")
    (tmp_path / "meminfo").write_text("MemTotal: 4194304 kB\nMemAvailable: 3145728 kB\n")
    for limit, level in (("max", "ok"), (f"{1024 * 2**20}", "ok"), (f"{512 * 2**20}", "fail")):
        (place / "memory.max").write_text(f"{limit}\n")
        found = premises.memory(settings, tmp_path, tmp_path)
        assert (found.level, "may have 512 MiB" in found.seen) == (level, level == "fail")


def test_disk(stopped: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk fails, one that fills up is a warning."""
    for free, level in ((2**40, "ok"), (100 * 2**20, "warn"), (2**20, "fail")):
        monkeypatch.setattr(shutil, "disk_usage", partial(_usage, free))
        assert premises.disk(stopped.data_dir).level == level


def _usage(free: int, _path: Path) -> SimpleNamespace:
    return SimpleNamespace(free=free)


def test_unwise_settings(stopped: Console) -> None:
    """Each is named; without any, all is well."""
    unwise = load(stopped.settings | {"REX_HOST": "192.168.1.2", "RATE_LIMIT_ENABLED": "false"}, development=True)
    seen = premises.unsafe(unwise).seen
    for name in ("REX_TLS", "RATE_LIMIT_ENABLED", "--development"):
        assert name in seen
    assert premises.unsafe(settings_of(stopped)).level == "ok"


def test_settings_that_cannot_work(stopped: Console) -> None:
    """Doctor names them, whatever else there is to say."""
    code, found = levels(stopped, REX_PRT="80")
    assert (code, found["settings"]) == (1, "fail")
    assert levels(Console(stopped.data_dir / "none"))[1]["data directory"] == "fail"
    assert not (stopped.data_dir / "none").exists()


def test_status(running: Console) -> None:
    """One screen, and exit code 0 while the hub is ready."""
    said = running.done("status")
    assert (said["ready"], said["running"], said["households"][0]["slug"]) == (True, True, "home")
    assert said["database"]["bytes"] > 0
    screen = running.said("status")
    assert len(screen.splitlines()) <= 24
    for word in ("ready, for", "schema", "clock", "letters", "home"):
        assert word in screen


def test_status_of_a_stopped_hub(stopped: Console) -> None:
    """What can be seen of it, and exit code 1."""
    said = stopped.run("status")
    assert said.exit_code == 1
    assert "not running" in said.stdout


def test_upgrade_keeps_a_copy(stopped: Console) -> None:
    """An older schema is refused by other commands, brought up by this one, once."""
    with sqlite3.connect(stopped.data_dir / "rex-auth-edge.db") as database:
        wanted = database.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.execute("DROP TABLE invitations")
    database.close()
    refused = stopped.run("user", "list")
    assert refused.exit_code == 3
    assert "db upgrade" in refused.stderr
    assert "db upgrade" in json.loads(stopped.run("db", "check", "--json").stdout)["problems"][0]
    done = stopped.done("db", "upgrade")
    assert (done["before"], done["schema"], done["changed"]) == ("0001", wanted, True)
    assert list(Path(done["copies"]).iterdir())
    assert stopped.said("db", "upgrade").startswith("Nothing to do")


def test_upgrade_needs_the_hub_stopped(running: Console) -> None:
    """Not under a running hub's feet: it is the lock that says so."""
    # This hub holds no lock, since it has no process of its own: hold it as one would.
    with DataDirLock(running.data_dir):
        refused = running.run("db", "upgrade")
    assert refused.exit_code == 3
    assert "stop it first" in refused.stderr


def test_check_of_a_whole_database(console: Console) -> None:
    """Pages, references, schema and audit logs are all right."""
    console.done("household", "create", "Oma")
    said = console.done("db", "check")
    assert (said["ok"], said["problems"]) == (True, [])
    assert set(said["audit"]) == {"home", "oma"}
    assert "whole" in console.said("db", "check")


def test_settings_shown_and_masked(console: Console) -> None:
    """Each with its source; secrets are three stars."""
    rows = {row["name"]: row for row in console.done("settings", "show")}
    assert rows["REX_PORT"] == rows["REX_PORT"] | {"value": "8000", "source": "environment"}
    assert (rows["SECRET_KEY"]["value"], rows["SECRET_KEY"]["source"]) == ("***", "data directory")
    assert [row["name"] for row in console.done("settings", "show", "rex_port")] == ["REX_PORT"]
    assert "set by" in console.said("settings", "show", "REX_PORT")


def test_settings_checked(stopped: Console, tmp_path: Path) -> None:
    """Every problem of a file at once, with exit code 1; nothing is made."""
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('rex_log_level = "debug"\n')
    bad.write_text('rex_log_level = "loud"\nrex_prt = 80\n')
    assert stopped.said("settings", "check", str(good)) == "A hub can start with this.\n"
    found = stopped.run("settings", "check", str(bad), "--json")
    assert found.exit_code == 1
    assert len(json.loads(found.stdout)["problems"]) == 2
    there = stopped.run("settings", "check", str(good), REX_DATA_DIR=str(tmp_path / "new"))
    assert there.exit_code == 0
    assert not (tmp_path / "new").exists()


def test_settings_shown_of_a_hub_that_cannot_start(stopped: Console) -> None:
    """They are what somebody wants to see then; the problem is said on standard error."""
    shown = stopped.run("settings", "show", "--json", REX_PRT="80")
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)
    assert "REX_PRT" in shown.stderr
