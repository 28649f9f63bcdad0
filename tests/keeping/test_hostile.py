"""Backups that somebody else made, or that were made and restored at a bad moment, harm no hub."""

import fcntl
import io
import os
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import msgspec
import pyrage
import pytest

from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keeping import archive
from rex_auth_edge.keeping import restore as restoring
from rex_auth_edge.keeping.archive import DATABASE, MANIFEST, ArchiveError, Manifest, Member, snapshot, unpack
from rex_auth_edge.keeping.backup import BackupError, Wanted, back_up, mark_of
from rex_auth_edge.keeping.locks import ToKey, unlock
from rex_auth_edge.keeping.restore import RestoreError, restore
from tests.doubles import HandClock, SeededEntropy
from tests.keeping.conftest import Kept, silent

ROOM = 1 << 30


def public(kept: Kept) -> str:
    """What locks backups for this hub's owner: whoever has read the hub once knows it."""
    return str(pyrage.x25519.Identity.from_str(kept.key.reveal()).to_public())


def made(kept: Kept, files: dict[str, bytes], mark: str = "") -> Path:
    """A backup with these files, locked to the owner's key, that this program wouldn't make."""
    members = {name: Member(len(content), sha256(content).hexdigest()) for name, content in files.items()}
    about = msgspec.json.encode(Manifest(1, "1", "0003", "2026-11-23T00:00:00Z", "synced", mark, members))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in {MANIFEST: about, **files}.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    path = kept.backup.with_name("forged.age")
    path.write_bytes(pyrage.encrypt(packed.getvalue(), [pyrage.x25519.Recipient.from_str(public(kept))]))
    return path


def contents(kept: Kept) -> dict[str, bytes]:
    """What is in the hub's own backup."""
    folder = kept.backup.parent / "opened"
    folder.mkdir()
    unlock(kept.backup, folder / "archive", key=kept.key, passphrase=None)
    about = unpack(folder / "archive", folder, ROOM)
    return {name: (folder / name).read_bytes() for name in about.members}


def onto(kept: Kept, backup: Path) -> restoring.Wanted:
    """That backup over the present hub."""
    return restoring.Wanted(backup, kept.database, key=kept.key)


def state(folder: Path) -> dict[str, bytes]:
    """All that lies in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["ready", "moving", "archive"])
async def test_a_file_is_no_marker(kept: Kept, clock: HandClock, name: str) -> None:
    """A refused backup with a file that is named like a restore's own marker isn't put in place by the next start."""
    before = state(kept.data_dir)
    with pytest.raises(RestoreError, match="isn't the one"):
        await restore(onto(kept, made(kept, contents(kept) | {name: b""}, "another")), clock, SeededEntropy(3))
    assert restoring.finish(kept.data_dir) is False
    assert state(kept.data_dir) == before


async def test_a_file_of_any_name_comes_back(kept: Kept, tmp_path: Path, clock: HandClock) -> None:
    """What somebody has put beside the database is backed up and restored, whatever it is called."""
    for name in ("ready", "moving", "archive", "hub"):
        (kept.data_dir / name).write_text(name)
    wanted = Wanted(kept.database, kept.data_dir, tmp_path / "stick", kept.secret_key, ToKey(public(kept)))
    backup = back_up(wanted, clock.now(), silent).path
    new = tmp_path / "new"
    new.mkdir(mode=0o700)
    await restore(replace(onto(kept, backup), database=new / kept.database.name), clock, SeededEntropy(3))
    assert {(new / name).read_text() for name in ("ready", "moving", "archive", "hub")} == {
        "ready", "moving", "archive", "hub",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["lock", "backups/x", "restoring/ready", "replaced/x", "sync/x"])
async def test_not_beside_the_hub(kept: Kept, clock: HandClock, name: str) -> None:
    """Other backups, the hub of before and the lock are no backup's to replace."""
    (kept.data_dir / "backups").mkdir()
    (kept.data_dir / "backups" / "old").touch()
    before = state(kept.data_dir)
    files = contents(kept) | {name: b""}
    with pytest.raises(ArchiveError):
        await restore(onto(kept, made(kept, files, mark_of(kept.secret_key))), clock, SeededEntropy(3))
    assert state(kept.data_dir) == before


@pytest.mark.parametrize("rubbish", [b"", b"not a database" * 400, b"SQLite format 3\0" + b"\xff" * 8000])
async def test_what_is_no_hubs_database(kept: Kept, clock: HandClock, rubbish: bytes) -> None:
    """It is refused with a sentence, and what was there is as it was."""
    before = state(kept.data_dir)
    files = contents(kept) | {DATABASE: rubbish}
    with pytest.raises(ExplainedError):
        await restore(onto(kept, made(kept, files, mark_of(kept.secret_key))), clock, SeededEntropy(3))
    assert state(kept.data_dir) == before


async def test_a_newer_schema(kept: Kept, clock: HandClock, tmp_path: Path) -> None:
    """A backup of a newer version is refused, and what was there is as it was."""
    files, before = contents(kept), state(kept.data_dir)
    newer = tmp_path / "newer.db"
    newer.write_bytes(files[DATABASE])
    with closing(sqlite3.connect(newer)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    files[DATABASE] = newer.read_bytes()
    with pytest.raises(ExplainedError, match="newer"):
        await restore(onto(kept, made(kept, files, mark_of(kept.secret_key))), clock, SeededEntropy(3))
    assert state(kept.data_dir) == before


async def test_a_failed_restore_leaves_the_last_ones_copy(kept: Kept, clock: HandClock) -> None:
    """The hub that an earlier restore has put aside is still there after one that was refused."""
    await restore(onto(kept, kept.backup), clock, SeededEntropy(3))
    aside = state(kept.data_dir / "replaced")
    assert "rex-auth-edge.db" in aside
    with pytest.raises(ExplainedError):
        await restore(replace(onto(kept, kept.backup), key=Secret("AGE-NOT")), clock, SeededEntropy(3))
    assert state(kept.data_dir / "replaced") == aside


class PowerCutError(BaseException):
    """The machine is off."""


async def test_a_start_that_comes_in_between(kept: Kept, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next start makes a secret where there is none, before it finishes the restore: the old one stays aside."""
    secret, rename = (kept.data_dir / "secret.key").read_bytes(), Path.rename

    def failing(path: Path, target: Path) -> Path:
        rename(path, target)
        if path == kept.data_dir / "secret.key":
            raise PowerCutError
        return target

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", failing)
        with pytest.raises(PowerCutError):
            await restore(onto(kept, kept.backup), clock, SeededEntropy(3))
    (kept.data_dir / "secret.key").write_text("another that a start has made")
    with pytest.raises(RestoreError, match="start again"):
        restoring.unless_interrupted(kept.data_dir)
    assert (kept.data_dir / "replaced" / "secret.key").read_bytes() == secret
    assert (kept.data_dir / "secret.key").read_bytes() == secret


def test_sizes_below_zero(kept: Kept, tmp_path: Path) -> None:
    """They don't make room for what there is no room for."""
    members = {DATABASE: Member(1 << 40, ""), "x": Member(-(1 << 41), "")}
    about = msgspec.json.encode(Manifest(1, "1", "0003", "2026-11-23T00:00:00Z", "synced", "", members))
    with tarfile.open(tmp_path / "forged", "w:gz") as tar:
        header = tarfile.TarInfo(MANIFEST)
        header.size = len(about)
        tar.addfile(header, io.BytesIO(about))
    with pytest.raises(ArchiveError, match="names what can't be"):
        unpack(tmp_path / "forged", kept.data_dir, ROOM)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.SOLARIS_XHDTYPE])
def test_a_header_that_inflates(tmp_path: Path, kind: bytes) -> None:
    """A header that announces more than the hub has memory for is refused before it is read."""
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, 1 << 40
    with tarfile.open(tmp_path / "forged", "w:gz") as tar:
        tar.fileobj.write(header.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(ArchiveError, match="something else in it than files"):
        unpack(tmp_path / "forged", tmp_path, ROOM)


def wanted(kept: Kept) -> Wanted:
    """Another backup beside the first."""
    return Wanted(kept.database, kept.data_dir, kept.backup.parent, kept.secret_key, ToKey(public(kept)))


def test_what_a_killed_backup_left(kept: Kept, clock: HandClock) -> None:
    """The next one removes the copy that isn't encrypted, and the unfinished file; another hub's stays."""

    def killed(_done: int, _of: int) -> None:
        os._exit(9)

    child = os.fork()
    if not child:
        back_up(wanted(kept), clock.now(), killed)
    os.waitpid(child, 0)
    assert list(kept.data_dir.glob(".backup-*"))
    (kept.backup.parent / f".draft-{mark_of(kept.secret_key)[:16]}").write_text("half")
    (kept.backup.parent / ".draft-of-another-hub").touch()
    back_up(wanted(kept), clock.now(), silent)
    assert not list(kept.data_dir.glob(".backup-*"))
    assert [path.name for path in kept.backup.parent.glob(".*")] == [".draft-of-another-hub"]


def test_one_at_a_time(kept: Kept, clock: HandClock) -> None:
    """The nightly backup and one by hand don't take each other's files away."""
    held = os.open(kept.data_dir, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(BackupError, match="Another backup"):
        back_up(wanted(kept), clock.now(), silent)
    os.close(held)
    assert back_up(wanted(kept), clock.now(), silent).path.exists()


def test_a_certificate_that_changes_meanwhile(
    kept: Kept, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running hub renews its certificate while it is backed up: the backup has the old one or the new, whole."""
    present, header = kept.data_dir / "tls" / "ca.key", archive._header

    def renewed(name: str, size: int) -> tarfile.TarInfo:
        present.write_text("a new and longer key than the one that was there before")
        return header(name, size)

    monkeypatch.setattr(archive, "_header", renewed)
    backup = back_up(wanted(kept), clock.now(), silent).path
    unlock(backup, tmp_path / "archive", key=kept.key, passphrase=None)
    (tmp_path / "opened").mkdir()
    unpack(tmp_path / "archive", tmp_path / "opened", ROOM)
    assert (tmp_path / "opened" / "tls" / "ca.key").read_text() == "the authority's key"


async def test_what_is_no_hubs_file(kept: Kept, clock: HandClock, tmp_path: Path) -> None:
    """A film that somebody left in the data directory stays out, so that the backup can be restored."""
    (kept.data_dir / "film").write_bytes(bytes(archive.LARGEST_FILE + 1))
    (kept.data_dir / DATABASE).write_text("not the hub's")
    backup = back_up(wanted(kept), clock.now(), silent).path
    new = tmp_path / "new"
    new.mkdir(mode=0o700)
    await restore(replace(onto(kept, backup), database=new / kept.database.name), clock, SeededEntropy(3))
    assert not (new / "film").exists()


def test_people_who_keep_writing(tmp_path: Path) -> None:
    """A busy hub doesn't make its backup begin anew at each write."""
    with closing(sqlite3.connect(tmp_path / "hub.db")) as busy:
        busy.execute("PRAGMA journal_mode=WAL")
        busy.execute("CREATE TABLE people (x)")
        busy.executemany("INSERT INTO people VALUES (?)", ((bytes(3000),) for _ in range(2000)))
        busy.commit()
        steps = 0

        def write(_done: int, _of: int) -> None:
            nonlocal steps
            steps += 1
            assert steps < 20
            busy.execute("INSERT INTO people VALUES (?)", (bytes(3000),))
            busy.commit()

        snapshot(tmp_path / "hub.db", tmp_path / "copy", write)
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT count(*) FROM people").fetchone() == (2000,)
