"""What locks a backup: age (C2SP age-encryption.org/v1), to a key that the owner keeps, or to a passphrase."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.domain.secret import Secret

SHORTEST_PASSPHRASE = 12
_CHUNK = 1 << 20


class LockedError(ExplainedError):
    """The backup can't be locked or opened with what was given."""


def _age() -> Any:
    try:
        import pyrage  # noqa: PLC0415 - only whoever backs up or restores pays for it
    except ModuleNotFoundError as error:
        raise LockedError(
            "Backups need the package pyrage, which has no ready build for this processor: install Rust's cargo, then "
            "`pip install pyrage` into the hub's environment."
        ) from error
    return pyrage


@dataclass(frozen=True, slots=True)
class ToKey:
    """Locked to the owner's public key (`age1...`); the hub itself can't open it any more."""

    recipient: str

    def lock(self, source: Path, target: Path) -> None:
        """Encrypt a file. Raises LockedError, OSError.

        It is locked to a second key as well, made for this and thrown away, to read back what was written.
        """
        age = _age()
        try:
            owner = age.x25519.Recipient.from_str(self.recipient)
        except age.RecipientError as error:
            raise LockedError(f"{self.recipient[:80]} is not an age public key: those begin with age1.") from error
        once = age.x25519.Identity.generate()
        with source.open("rb") as plain, target.open("xb") as locked:
            age.encrypt_io(plain, locked, [owner, once.to_public()])
        _same(source, target, lambda file, sink: age.decrypt_io(file, sink, [once]))


@dataclass(frozen=True, slots=True)
class ToPassphrase:
    """Locked to a passphrase (scrypt); held in memory while that is done."""

    passphrase: Secret

    def lock(self, source: Path, target: Path) -> None:
        """Encrypt a file. Raises LockedError, OSError."""
        if len(self.passphrase) < SHORTEST_PASSPHRASE:
            raise LockedError(f"A passphrase for backups has at least {SHORTEST_PASSPHRASE} characters.")
        age, phrase = _age(), self.passphrase.reveal()
        with target.open("xb") as locked:
            locked.write(age.passphrase.encrypt(source.read_bytes(), phrase))
        _same(source, target, lambda file, sink: sink.write(age.passphrase.decrypt(file.read(), phrase)))


Lock = ToKey | ToPassphrase


class _Digest:
    """A file to write to that keeps only the hash of what was written."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self.hash.update(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Nothing waits."""


def _same(source: Path, target: Path, opened: Callable[[BinaryIO, Any], object]) -> None:
    """Raise LockedError unless what was written opens to what was meant."""
    digest = _Digest()
    with target.open("rb") as locked:
        opened(locked, digest)
    with source.open("rb") as plain:
        if hashlib.file_digest(plain, "sha256").digest() != digest.hash.digest():
            raise LockedError("The backup reads back different from what was written: check the disk it is on.")


def new_key() -> tuple[Secret, str]:
    """A key for backups: the part that opens them, for the owner to keep, and the part that locks them."""
    identity = _age().x25519.Identity.generate()
    return Secret(str(identity)), str(identity.to_public())


def unlock(source: Path, target: Path, *, key: Secret | None, passphrase: Secret | None) -> None:
    """Decrypt a backup with the owner's key (`AGE-SECRET-KEY-1...`) or passphrase. Raises LockedError, OSError."""
    age = _age()
    try:
        with source.open("rb") as locked, target.open("xb") as plain:
            if key is not None:
                age.decrypt_io(locked, plain, [age.x25519.Identity.from_str(key.reveal().strip())])
            elif passphrase is not None:
                plain.write(age.passphrase.decrypt(locked.read(), passphrase.reveal()))
    except age.IdentityError as error:
        raise LockedError("That is no key for backups: they begin with AGE-SECRET-KEY-1.") from error
    except (age.DecryptError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise LockedError(
            f"{source.name} can't be opened with that: it is another key's or passphrase's, or the file is damaged."
        ) from error
