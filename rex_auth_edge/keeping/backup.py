"""Making a backup: online, consistent, encrypted, read back, and the oldest pruned."""

import fcntl
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rex_auth_edge import __version__
from rex_auth_edge.domain.clock import SECOND, Moment
from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keeping.archive import Origin, Progress, files_of, pack, snapshot
from rex_auth_edge.keeping.locks import Lock
from rex_auth_edge.keys.hashes import Pepper
from rex_auth_edge.storage import schema

KEY_FILE = "backup.recipient"
"""Where a hub keeps the public part of the owner's key for backups."""
KEPT = 7
_WORKROOM = ".backup-"
NAME = re.compile(r"rex-[0-9]{8}T[0-9]{6}Z-[0-9]{4}\.tar\.gz\.age")
"""What backups are called; nothing else in their folder is ever deleted."""


class BackupError(ExplainedError):
    """No backup was made; the text says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written and read back; `pruned` are the older ones that went."""

    path: Path
    size: int
    pruned: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to back up, where to, and locked how; the newest `keep` backups stay there."""

    database: Path
    data_dir: Path
    target: Path
    secret_key: Secret
    lock: Lock
    keep: int = KEPT


def back_up(wanted: Wanted, now: Moment, progress: Progress) -> Made:
    """Back the hub up, whether it runs or not.

    Raises BackupError, ArchiveError, LockedError; an unfinished backup never bears a backup's name, and what one that
    was killed has left is removed by the next.
    """
    made_at = datetime.fromtimestamp(now.wall / SECOND, UTC)
    try:
        wanted.target.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(wanted.data_dir), _workroom(wanted.data_dir) as room:
            snapshot(wanted.database, room / "copy", progress)
            pack(_origin(wanted, room / "copy", now, made_at), room / "archive")
            path = _locked(room / "archive", wanted, made_at)
        return Made(path, path.stat().st_size, _pruned(wanted, path))
    except OSError as error:
        raise BackupError(f"No backup could be written into {wanted.target}: {error.strerror or error}.") from error
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes what it can't read, as it is
        why = error if isinstance(error, sqlite3.Error) else "it is damaged"
        raise BackupError(f"The database can't be copied: {why}. Run `rex-auth-edge db check`.") from error


def _origin(wanted: Wanted, copy: Path, now: Moment, made_at: datetime) -> Origin:
    return Origin(
        database=copy,
        files=files_of(wanted.data_dir, wanted.database),
        version=__version__,
        schema=schema.revisions()[-1],
        made_at=made_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        clock=now.state.value,
        secret=mark_of(wanted.secret_key),
    )


def mark_of(secret_key: Secret) -> str:
    """What tells one SECRET_KEY from another, and nothing else of it."""
    return Pepper(secret_key).digest("backup").hex()


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """One backup of a hub at a time; the kernel lets go of this when the process dies, however it dies."""
    folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BackupError("Another backup of this hub is being made: wait until it is done.") from error
    finally:
        os.close(folder)


@contextmanager
def _workroom(data_dir: Path) -> Iterator[Path]:
    """A place for what isn't encrypted yet: beside the database, as private as it, and gone afterwards."""
    for left in data_dir.glob(f"{_WORKROOM}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_WORKROOM, dir=data_dir) as folder:
        yield Path(folder)


def _locked(archive: Path, wanted: Wanted, made_at: datetime) -> Path:
    target = wanted.target
    draft = target / f".draft-{mark_of(wanted.secret_key)[:16]}"  # this hub's: others may use the folder as well
    try:
        draft.unlink(missing_ok=True)
        wanted.lock.lock(archive, draft)
        _settle(draft)
        names = (f"rex-{made_at:%Y%m%dT%H%M%SZ}-{number:04}.tar.gz.age" for number in range(10_000))
        path = next(target / name for name in names if not (target / name).exists())
        draft.rename(path)  # a link would be safer against a second of the same name, but sticks with FAT have none
        _settle(target)
        return path
    finally:
        draft.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """Let nothing of it be lost in a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _pruned(wanted: Wanted, made: Path) -> tuple[Path, ...]:
    """Delete the oldest past `keep`, by when they were written and not by what a wrong clock named them."""
    others = [path for path in wanted.target.iterdir() if NAME.fullmatch(path.name) and path != made]
    others.sort(key=lambda path: path.stat().st_ctime_ns, reverse=True)
    doomed = tuple(others[max(0, wanted.keep - 1) :])
    for path in doomed:
        path.unlink()
    return doomed
