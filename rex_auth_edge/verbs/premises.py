"""What can be wrong with the place where a hub lives; looked at with or without a database."""

import os
import shutil
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from rex_auth_edge.flows.health import LEAST_FREE
from rex_auth_edge.settings import NodeRole, Settings
from rex_auth_edge.verbs.finding import FAIL, OK, SKIPPED, WARN, Finding

_LITTLE = 25 * LEAST_FREE
_OTHERS = 0o077
_OTHERS_MAY_WRITE = 0o022
_KEPT_PRIVATE = ("secret.key", "rex-auth-edge.db*", "backups/*", "tls/*", "control.sock", "lock")
_PROGRAM = 128 * 1024
"""KiB that the program itself takes, hashing apart."""


def findings(settings: Settings) -> list[Finding]:
    """Everything that needs no database; the cloud role keeps nothing on a disk."""
    if settings.role is NodeRole.CLOUD:
        return [memory(settings), unsafe(settings)]
    return [directory(settings.data_dir), secrets(settings.data_dir), disk(settings.data_dir), memory(settings),
            unsafe(settings)]  # fmt: skip


def directory(path: Path) -> Finding:
    """Whether the data directory is its owner's alone."""
    name = "data directory"
    try:
        facts = path.stat()
    except OSError as error:
        return Finding(name, FAIL, f"{path} can't be looked at: {error.strerror}.", "Check REX_DATA_DIR and its owner.")
    if facts.st_mode & _OTHERS_MAY_WRITE:
        return Finding(name, FAIL, f"Others may write into {path}.", f"Run `chmod 700 {path}`.")
    if facts.st_mode & _OTHERS:
        return Finding(name, WARN, f"Others may look into {path}.", f"Run `chmod 700 {path}`.")
    if os.geteuid() not in {0, facts.st_uid}:
        return Finding(name, WARN, f"{path} belongs to user {facts.st_uid}.", "Run the hub as that user.")
    return Finding(name, OK, f"{path} is its owner's alone.")


def secrets(path: Path) -> Finding:
    """Whether nobody else can read the files with secrets."""
    files = sorted(file for pattern in _KEPT_PRIVATE for file in path.glob(pattern))
    bare = [str(file) for file in files if file.lstat().st_mode & _OTHERS]
    if bare:
        named = " ".join(bare)
        return Finding("secrets", FAIL, f"Others may read {', '.join(bare)}.", f"Run `chmod 600 {named}`.")
    return Finding("secrets", OK, f"{len(files)} private files, none open to others.")


def disk(path: Path) -> Finding:
    """Whether there is room to write."""
    try:
        free = shutil.disk_usage(path).free
    except OSError as error:
        return Finding("disk", FAIL, f"The disk can't be asked: {error.strerror}.", "Check that it is mounted.")
    seen = f"{free // 2**20} MiB are free for {path}."
    if free < LEAST_FREE:
        return Finding("disk", FAIL, seen, "Make room: nothing can be written any more.")
    if free < _LITTLE:
        return Finding("disk", WARN, seen, "Make room before it is full.")
    return Finding("disk", OK, seen)


def memory(settings: Settings, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> Finding:
    """Whether the passwords hashed at a time fit into the machine's memory, and into what systemd allows the hub."""
    argon2 = settings.keys.argon2
    wanted = argon2.memory_kib * argon2.workers
    seen = f"{argon2.workers} passwords at a time take {wanted // 1024} MiB"
    advice = "Lower REX_ARGON2_WORKERS, or REX_ARGON2_MEMORY_KIB with more REX_ARGON2_PASSES."
    try:
        lines = (line.split() for line in (proc / "meminfo").read_text().splitlines())
        kib = {line[0].rstrip(":"): int(line[1]) for line in lines}
        total, free = kib["MemTotal"], kib["MemAvailable"]
    except (OSError, ValueError, KeyError, IndexError):
        return Finding("memory", SKIPPED, f"{seen}; the kernel doesn't tell how much there is.")
    seen += f" of {total // 1024} MiB, {free // 1024} MiB of them free"
    if (limit := _limit(proc, cgroups)) is not None and limit < total:
        total, seen = limit, f"{seen}; the hub may have {limit // 1024} MiB"
    if wanted + _PROGRAM > total:
        return Finding("memory", FAIL, f"{seen}.", advice)
    return Finding("memory", WARN if wanted > free else OK, f"{seen}.", advice if wanted > free else "")


def _limit(proc: Path, cgroups: Path) -> int | None:
    """KiB that this process's control group (version 2) may have, None without a limit."""
    try:
        place = (proc / "self" / "cgroup").read_text().partition("::")[2].strip().lstrip("/")
        return int((cgroups / place / "memory.max").read_text()) // 1024
    except (OSError, ValueError):
        return None


def unsafe(settings: Settings) -> Finding:
    """Settings with which a hub works, and shouldn't."""
    found = [*settings.warnings, *_risks(settings)]
    if not found:
        return Finding("settings", OK, "Nothing unwise is set.")
    return Finding("settings", WARN, " ".join(found), "See `rex-auth-edge settings show` for what is set, and by whom.")


def _risks(settings: Settings) -> Iterator[str]:
    if settings.development:
        yield "The hub runs with --development: for this machine only."
    if settings.listen.tls is None and not _is_loopback(settings.listen.host):
        yield "REX_TLS=off: passwords cross the network in the clear."
    if not settings.web.rate_limits:
        yield "RATE_LIMIT_ENABLED=false: strangers may guess as fast as they like."


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
