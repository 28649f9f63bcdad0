"""What is in a backup: a compressed tar of the database and the hub's own files, with a manifest of their hashes."""

import hashlib
import io
import os
import re
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import msgspec
from typing_extensions import override

from rex_auth_edge.domain.failures import ExplainedError

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.sqlite3"
LARGEST_FILE = 1 << 20
"""Bytes that a file of the hub's beside the database may have: keys and certificates have a few thousand."""
NOT_THE_HUBS = frozenset({"lock", "backups", "restoring", "replaced", "sync"})
"""What lies in a data directory beside the hub itself: never in a backup, and left alone by a restore.

`sync` has the copies by which a hub knows that its database was put back from before.
"""
_LARGEST_MANIFEST = 1 << 20
_LARGEST_HEADER = 1 << 16
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_PAGES = 512
_CHUNK = 1 << 20


class _Plain(tarfile.TarInfo):
    """A file's header, or a small extension of one; any other is refused before what it announces is read."""

    @classmethod
    @override
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        extension = found.type == tarfile.XHDTYPE and found.size <= _LARGEST_HEADER
        if found.size < 0 or not (extension or found.type in {tarfile.REGTYPE, tarfile.AREGTYPE}):
            raise tarfile.ReadError("there is something else in it than files")
        return found


Progress = Callable[[int, int], None]


class ArchiveError(ExplainedError):
    """The backup isn't one of ours, or not whole."""


class Member(msgspec.Struct, frozen=True):
    """A file in a backup: its size in bytes and its SHA-256 in hex."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself. `made_at` is RFC 3339 by the hub's clock, which was in the state `clock`.

    `secret` is a keyed hash of nothing, to tell whether a SECRET_KEY is the one that the database was made under.
    """

    format: int
    version: str
    schema: str
    made_at: str
    clock: str
    secret: str
    members: dict[str, Member]


@dataclass(frozen=True, slots=True)
class Origin:
    """What of a hub is backed up, and what is said of it."""

    database: Path
    files: dict[str, Path]
    version: str
    schema: str
    made_at: str
    clock: str
    secret: str


def files_of(data_dir: Path, database: Path) -> dict[str, Path]:
    """The hub's own files: all but the database, locks, sockets, drafts and backups, so that new ones are covered.

    What is too large to be one (a file that somebody has left there) stays out, as a restore would refuse it.
    """
    found = {path.relative_to(data_dir).as_posix(): path for path in (*data_dir.glob("*"), *data_dir.glob("*/*"))}
    return {name: path for name, path in sorted(found.items()) if _own(name, path, database)}


def _own(name: str, path: Path, database: Path) -> bool:
    if path.is_symlink() or not path.is_file() or name in {MANIFEST, DATABASE}:
        return False
    return _nameable(name) and not name.startswith(database.name) and path.stat().st_size <= LARGEST_FILE


def _nameable(name: str) -> bool:
    return _MEMBER.fullmatch(name) is not None and name.partition("/")[0] not in NOT_THE_HUBS


def snapshot(database: Path, target: Path, progress: Progress) -> None:
    """A consistent copy of a database that may be in use, checked page by page. Raises ArchiveError, sqlite3.Error."""
    here = f"{database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(here, uri=True)) as source, closing(sqlite3.connect(target)) as copy:
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master").fetchone()  # the copy is of now: writes don't make it begin anew
        source.backup(copy, pages=_PAGES, progress=lambda _, left, total: progress(total - left, total))
        copy.execute("PRAGMA journal_mode=DELETE")
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(5)")]
    if found != ["ok"]:
        raise ArchiveError(f"The database is damaged and was not backed up ({found[0]}): run `rex-auth-edge db check`.")


def pack(origin: Origin, target: Path) -> None:
    """Write the archive, the manifest first. Raises OSError."""
    files = {name: path.read_bytes() for name, path in origin.files.items()}  # once: a running hub replaces some
    members = {DATABASE: Member(origin.database.stat().st_size, _sha256(origin.database))}
    members |= {name: Member(len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()}
    about = Manifest(FORMAT, origin.version, origin.schema, origin.made_at, origin.clock, origin.secret, members)
    with target.open("xb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
        content = msgspec.json.encode(about)
        tar.addfile(_header(MANIFEST, len(content)), io.BytesIO(content))
        with origin.database.open("rb") as source:
            tar.addfile(_header(DATABASE, members[DATABASE].size), source)
        for name, each in files.items():
            tar.addfile(_header(name, len(each)), io.BytesIO(each))


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(archive: Path, folder: Path, room: int) -> Manifest:
    """Put what the manifest names into `folder`, and nothing else; at most `room` bytes. Raises ArchiveError, OSError.

    Names with a way out, links and devices aren't followed but refused, and so is what isn't as the manifest says.
    """
    try:
        with tarfile.open(archive, "r:gz", tarinfo=_Plain) as tar:
            members = iter(tar)
            about = _manifest(tar, members)
            if sum(member.size for member in about.members.values()) > room:
                raise ArchiveError("There isn't enough room on the disk for what is in this backup.")
            found = {_put(tar, member, about, folder) for member in members}
    except (tarfile.TarError, EOFError, OSError, msgspec.DecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ArchiveError(f"This is not a backup of a hub, or it is damaged: {error}.") from error
    if missing := set(about.members) - found:
        raise ArchiveError(f"The backup is not whole: {', '.join(sorted(missing))} is missing.")
    return about


def _manifest(tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo]) -> Manifest:
    first = next(members, None)
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > _LARGEST_MANIFEST:
        raise ArchiveError("This is not a backup of a hub: it doesn't begin with a manifest.")
    file = tar.extractfile(first)
    about = msgspec.json.decode(file.read() if file else b"", type=Manifest)
    if about.format > FORMAT:
        raise ArchiveError(f"This backup was made by a newer version ({about.version}): install that version first.")
    names = set(about.members)
    sizes = [member.size for member in about.members.values()]
    if DATABASE not in names or not all(map(_nameable, names)) or min(sizes) < 0:
        raise ArchiveError("The backup's manifest names what can't be in one.")
    return about


def _put(tar: tarfile.TarFile, member: tarfile.TarInfo, about: Manifest, folder: Path) -> str:
    told = about.members.get(member.name)
    if told is None or not member.isreg() or member.size != told.size:
        raise ArchiveError(f"The backup has something in it that its manifest doesn't name: {member.name[:100]!r}.")
    if member.name != DATABASE and member.size > LARGEST_FILE:
        raise ArchiveError(f"{member.name} in the backup is too large to be one of a hub's files.")
    source, target = tar.extractfile(member), folder / member.name
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        digest = _copied(source, file)
        file.flush()
        os.fsync(file.fileno())
    if digest != told.sha256:
        raise ArchiveError(f"{member.name} in the backup is not what its manifest says: the backup is damaged.")
    return member.name


def _copied(source: object, target: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK) if source else b"":  # type: ignore[attr-defined]
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()
