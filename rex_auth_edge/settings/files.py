"""The data directory, and the secret and the name that a hub makes for itself in it."""

import os
import re
from pathlib import Path

from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.hub_names import UNIT_ID, new_unit_id
from rex_auth_edge.domain.secret import Secret

SECRET_FILE = "secret.key"  # noqa: S105  a file's name
UNIT_FILE = "unit-id"
_BYTES = 32
_OTHERS_MAY_ENTER = 0o077
_OTHERS_MAY_WRITE = 0o022


class FileProblemError(Exception):
    """What is wrong with a file or directory, as a sentence."""


def prepare_directory(path: Path) -> None:
    """Make the data directory (0700) if its parent is there; it has to be writable. Raises FileProblemError."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        mode = path.stat().st_mode
        _probe(path)
    except FileNotFoundError:
        raise FileProblemError(f"REX_DATA_DIR can't be {path}: make the directory {path.parent} first.") from None
    except (FileExistsError, NotADirectoryError):
        raise FileProblemError(
            f"REX_DATA_DIR can't be {path}: there is a file of that name, not a directory."
        ) from None
    except OSError as error:
        raise FileProblemError(
            f"REX_DATA_DIR {path} can't be written: {error.strerror}. "
            "Check its owner and permissions, free space, and that it isn't mounted read-only."
        ) from None
    if mode & _OTHERS_MAY_WRITE:
        raise FileProblemError(f"Others may write into REX_DATA_DIR: run `chmod 700 {path}`.")


def _probe(directory: Path) -> None:
    """Only trying tells: permissions don't speak of read-only mounts, quotas and full disks."""
    probe = directory / f".probe-{os.getpid()}"
    try:
        _write(probe, b"probe")
    finally:
        probe.unlink(missing_ok=True)


def has_secret(directory: Path) -> bool:
    """Whether a secret was made here before, whatever has become of it."""
    return os.path.lexists(directory / SECRET_FILE)


def own_secret(directory: Path, entropy: Entropy) -> Secret:
    """The secret kept in `directory`, made there (0600) the first time. Raises FileProblemError."""
    path = directory / SECRET_FILE
    try:
        if not has_secret(directory):
            _create(path, entropy.token_bytes(_BYTES).hex().encode() + b"\n")
        mode = path.stat().st_mode
        text = path.read_bytes()
    except OSError as error:
        raise FileProblemError(
            f"The secret {path} can't be used: {error.strerror}. Check its owner and permissions."
        ) from None
    if mode & _OTHERS_MAY_ENTER:
        raise FileProblemError(f"Others may read the secret {path}: run `chmod 600 {path}`.")
    if not re.fullmatch(rb"[0-9a-f]{%d}\n?" % (2 * _BYTES), text):
        raise FileProblemError(
            f"The secret {path} is empty or damaged: bring it back from a backup. "
            "(Without one: delete it; codes and links that were sent, and all that is sealed with it, are then lost.)"
        )
    return Secret(text.decode().strip())


def kept_unit_id(directory: Path) -> str | None:
    """The unit id that was settled at the hub's first start; None before. Raises FileProblemError."""
    path = directory / UNIT_FILE
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        text = ""
    if UNIT_ID.fullmatch(text) is None:
        raise FileProblemError(
            f"The unit id in {path} can't be read: bring the file back from a backup, or write into it what follows "
            "rex- in the name that the hub has had."
        )
    return text


def own_unit_id(directory: Path, wanted: str | None, entropy: Entropy) -> str:
    """The kept unit id, at the first start `wanted` or a random one. Raises FileProblemError."""
    kept = kept_unit_id(directory)
    if kept is not None:
        return kept
    path = directory / UNIT_FILE
    try:
        _create(path, (wanted or new_unit_id(entropy)).encode() + b"\n")
    except OSError as error:
        raise FileProblemError(f"The unit id can't be written to {path}: {error.strerror}.") from None
    return own_unit_id(directory, wanted, entropy)


def _create(path: Path, content: bytes) -> None:
    """Make the file whole or not at all: a power cut never leaves half of it, and of two at once the first wins."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        _write(draft, content)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """A new file of mode 0600, durable before this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
