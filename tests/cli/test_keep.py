"""`db backup`, `db backup-key`, `db restore`: from a hub that runs onto one that doesn't."""

from pathlib import Path

import pytest

from tests.cli.consoles import Console, prepared
from tests.processes import run, serving

ADD = ("user", "add", "maya", "--role", "owner")
PASSWORD = "Zebra-River-42!\n"


def test_a_backup_is_restored(running: Console, template: Path, tmp_path: Path) -> None:
    """The key is made once, the backup of a running hub is put onto another hub, and its people are there."""
    running.done(*ADD, typed=PASSWORD)
    key = running.done("db", "backup-key", "--yes")
    made = running.done("db", "backup", "--to", str(tmp_path / "stick"))
    assert Path(made["file"]).stat().st_size == made["bytes"]
    other = prepared(template, tmp_path / "other")
    assert other.done("user", "list") == []
    restored = other.done("db", "restore", made["file"], "--yes", typed=key["secret_key"] + "\n")
    assert restored["stolen"] is False
    assert [each["username"] for each in other.done("user", "list")] == ["maya"]
    assert other.done("audit", "verify")["ok"] is True
    assert (other.data_dir / "replaced").is_dir()


def test_a_backup_needs_a_key(stopped: Console) -> None:
    """Without key and passphrase nothing is written, and the sentence says how to get one."""
    refused = stopped.run("db", "backup")
    assert refused.exit_code == 1
    assert "backup-key" in refused.stderr


def test_a_passphrase(stopped: Console, tmp_path: Path) -> None:
    """A file's first line locks and opens; too short a one is refused."""
    (tmp_path / "phrase").write_text("nine herons over the weir\n")
    made = stopped.done("db", "backup", "--passphrase-file", str(tmp_path / "phrase"))
    stopped.done("db", "restore", made["file"], "--yes", "--passphrase-file", str(tmp_path / "phrase"))
    (tmp_path / "phrase").write_text("heron\n")
    assert "at least 12" in stopped.run("db", "backup", "--passphrase-file", str(tmp_path / "phrase")).stderr


def test_a_restore_beside_a_hub(running: Console, tmp_path: Path) -> None:
    """Over a hub that runs nothing is restored."""
    key = running.done("db", "backup-key", "--yes")
    (tmp_path / "key").write_text(key["secret_key"] + "\n")
    made = running.done("db", "backup")
    with serving(tmp_path / "real") as hub:
        refused = run(hub.data_dir, "db", "restore", made["file"], "--yes", "--key-file", str(tmp_path / "key"))
    assert refused.returncode == 3
    assert "Another rex-auth-edge is running" in refused.stderr


@pytest.mark.parametrize("content", [b"", b"a holiday photo"])
def test_what_is_no_backup(stopped: Console, tmp_path: Path, content: bytes) -> None:
    """It is refused, and the hub is as it was."""
    (tmp_path / "photo").write_bytes(content)
    refused = stopped.run("db", "restore", str(tmp_path / "photo"), "--yes", typed="AGE-SECRET-KEY-1\n")
    assert refused.exit_code == 3
    assert stopped.done("db", "check")["ok"] is True


def test_an_interrupted_restore_is_finished_at_the_start(stopped: Console, tmp_path: Path) -> None:
    """A start that finds one finishes it and ends, so that the next reads the restored hub's own keys."""
    (stopped.data_dir / "restoring" / "hub").mkdir(parents=True)
    (stopped.data_dir / "restoring" / "hub" / "unit-id").write_text("restored")
    (stopped.data_dir / "restoring" / "ready").touch()
    started = run(stopped.data_dir, "serve", "--development")
    assert started.returncode == 3
    assert "start again" in started.stderr
    assert (stopped.data_dir / "unit-id").read_text() == "restored"


def test_a_key_file_of_age_keygen(stopped: Console, tmp_path: Path) -> None:
    """The standard program writes two lines of remarks before the key."""
    key = stopped.done("db", "backup-key", "--yes")
    file = tmp_path / "key.txt"
    file.write_text(f"# created: 2026-11-23T20:00:00Z\n# public key: {key['recipient']}\n{key['secret_key']}\n")
    made = stopped.done("db", "backup")
    assert stopped.done("db", "restore", made["file"], "--yes", "--key-file", str(file))["stolen"] is False


def test_a_database_outside_of_the_data_directory(stopped: Console, tmp_path: Path) -> None:
    """What lies beside it isn't the hub's: a restore would put that aside, so it refuses and says what to do."""
    key = stopped.done("db", "backup-key", "--yes")
    made = stopped.done("db", "backup", "--to", str(tmp_path / "stick"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "photos").touch()
    url = f"sqlite:///{elsewhere / 'hub.db'}"
    typed = key["secret_key"] + "\n"
    refused = stopped.run("db", "restore", made["file"], "--yes", typed=typed, DATABASE_URL=url)
    assert refused.exit_code == 1
    assert "unset it, restore, and move" in refused.stderr
    assert [path.name for path in elsewhere.iterdir()] == ["photos"]
