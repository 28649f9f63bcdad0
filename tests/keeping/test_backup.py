"""A backup is consistent, whole, encrypted, read back, and the oldest ones go."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from rex_auth_edge import machine
from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keeping.archive import DATABASE, ArchiveError, files_of, snapshot, unpack
from rex_auth_edge.keeping.backup import BackupError, Wanted, back_up
from rex_auth_edge.keeping.locks import LockedError, ToKey, ToPassphrase, new_key, unlock
from tests.doubles import HandClock
from tests.keeping.conftest import MAYA, Kept, silent

ROOM = 1 << 30
PHRASE = Secret("nine herons over the weir")


def opened(kept: Kept, backup: Path, folder: Path) -> Path:
    """Where a backup's content lies."""
    folder.mkdir()
    unlock(backup, folder / "archive", key=kept.key, passphrase=None)
    unpack(folder / "archive", folder, ROOM)
    return folder


def wanted(kept: Kept, target: Path, keep: int = 7) -> Wanted:
    """A backup to the key that the first was locked to."""
    public = str(__import__("pyrage").x25519.Identity.from_str(kept.key.reveal()).to_public())
    return Wanted(kept.database, kept.data_dir, target, kept.secret_key, ToKey(public), keep)


def test_everything_of_the_hub_is_in_it(kept: Kept, tmp_path: Path) -> None:
    """Database, secret, certificates and identity; nothing of what belongs to a process or to other backups."""
    (kept.data_dir / "backups").mkdir()
    (kept.data_dir / "backups" / "before-0002-0001.sqlite3").touch()
    (kept.data_dir / "lock").touch()
    (kept.data_dir / ".draft").touch()
    (kept.data_dir / "elsewhere").symlink_to("/etc/hostname")
    assert set(files_of(kept.data_dir, kept.database)) == {"secret.key", "tls/ca.key", "unit-id"}
    folder = opened(kept, kept.backup, tmp_path / "opened")
    assert (folder / "secret.key").read_bytes() == (kept.data_dir / "secret.key").read_bytes()
    assert (folder / "tls" / "ca.key").read_text() == "the authority's key"
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        assert database.execute("SELECT email FROM users").fetchall() == [(MAYA,)]


def test_nothing_can_be_read_of_it(kept: Kept) -> None:
    """It is private, and encrypted: neither addresses nor keys are in it, nor anything left beside it."""
    content = kept.backup.read_bytes()
    assert content.startswith(b"age-encryption.org/v1\n-> X25519 ")
    for secret in (MAYA.encode(), b"SQLite format 3", b"the authority's key", kept.secret_key.reveal().encode()):
        assert secret not in content
    assert [path.name for path in kept.backup.parent.iterdir()] == [kept.backup.name]
    assert not list(kept.data_dir.glob(".backup-*"))


def test_a_backup_of_a_database_in_use(kept: Kept, tmp_path: Path) -> None:
    """What a writer hasn't committed isn't in it."""
    with closing(sqlite3.connect(kept.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE users SET first_name = 'half'")
        snapshot(kept.database, tmp_path / "copy", silent)
        writer.execute("COMMIT")
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT first_name FROM users").fetchall() == [(None,)]


def test_the_oldest_go(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """Three are kept where three were asked for, the newest whatever the clock named them; other files stay."""
    target = tmp_path / "many"
    target.mkdir()
    (target / "photo.jpg").touch()
    made = []
    for number in range(5):
        clock.step(-number * DAY)
        made.append(back_up(wanted(kept, target, 3), clock.now(), silent))
    assert sorted(path.name for path in target.iterdir()) == sorted(
        [*(each.path.name for each in made[2:]), "photo.jpg"]
    )
    assert made[4].pruned == (made[1].path,)


def test_two_of_one_second(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """A stopped clock overwrites no backup."""
    first, second = (back_up(wanted(kept, tmp_path / "many"), clock.now(), silent) for _ in range(2))
    assert first.path != second.path
    assert first.path.exists()


def test_a_passphrase(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """It opens what it locked, another doesn't, and a short one isn't taken."""
    lock = ToPassphrase(PHRASE)
    made = back_up(Wanted(kept.database, kept.data_dir, tmp_path / "p", kept.secret_key, lock), clock.now(), silent)
    unlock(made.path, tmp_path / "archive", key=None, passphrase=PHRASE)
    with pytest.raises(LockedError, match="can't be opened with that"):
        unlock(made.path, tmp_path / "other", key=None, passphrase=Secret("ten herons over the weir"))
    short = Wanted(kept.database, kept.data_dir, tmp_path / "s", kept.secret_key, ToPassphrase(Secret("heron")))
    with pytest.raises(LockedError, match="at least 12"):
        back_up(short, clock.now(), silent)
    assert list((tmp_path / "s").iterdir()) == []


def test_another_key(kept: Kept, tmp_path: Path) -> None:
    """Only the owner's key opens it, and what is no key is told so."""
    with pytest.raises(LockedError, match="can't be opened with that"):
        unlock(kept.backup, tmp_path / "one", key=new_key()[0], passphrase=None)
    with pytest.raises(LockedError, match="begin with AGE-SECRET-KEY"):
        unlock(kept.backup, tmp_path / "two", key=Secret("open sesame"), passphrase=None)


@pytest.mark.parametrize("place", [0, 300, -1])
def test_a_damaged_backup(kept: Kept, tmp_path: Path, place: int) -> None:
    """One flipped bit anywhere, and nothing is believed of it."""
    content = bytearray(kept.backup.read_bytes())
    content[place] ^= 1
    kept.backup.write_bytes(content)
    with pytest.raises((LockedError, ArchiveError)):
        opened(kept, kept.backup, tmp_path / "opened")


def test_a_damaged_database_is_not_backed_up(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """A copy of rubbish would push good backups out."""
    size = kept.database.stat().st_size
    with kept.database.open("r+b") as file:
        for page in range(4096, size, 4096):
            file.seek(page)
            file.write(b"\xff" * 300)
    with pytest.raises((BackupError, ArchiveError), match="db check"):
        back_up(wanted(kept, tmp_path / "many"), clock.now(), silent)
    assert list((tmp_path / "many").iterdir()) == []


def test_a_folder_that_cannot_be(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """The sentence names it, and nothing is left over."""
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match=r"No backup could be written into .*file"):
        back_up(wanted(kept, tmp_path / "file" / "folder"), clock.now(), silent)
    assert not list(kept.data_dir.glob(".backup-*"))


def test_the_standard_program_opens_it(kept: Kept, tmp_path: Path) -> None:
    """`age` and `tar` are enough to get at a backup without this program."""
    if shutil.which("age") is None:
        said = "This test needs age. On Debian: apt install age"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    (tmp_path / "key").write_text(kept.key.reveal())
    script = f"age -d -i {tmp_path}/key {kept.backup} | tar xz -C {tmp_path}"
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
