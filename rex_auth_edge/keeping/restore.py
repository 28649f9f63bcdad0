"""Making a hub again from a backup: the same to everything that trusts it or, if it was stolen, one of new keys."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keeping.archive import DATABASE, NOT_THE_HUBS, Manifest, unpack
from rex_auth_edge.keeping.backup import mark_of
from rex_auth_edge.keeping.locks import unlock
from rex_auth_edge.keys.hashes import Pepper
from rex_auth_edge.settings.files import SECRET_FILE, FileProblemError, own_secret
from rex_auth_edge.storage import check, rebirth
from rex_auth_edge.storage.open import open_store

STAGE = "restoring"
"""Where a restore is prepared; complete once it has `READY` in it."""
HUB = "hub"
"""In there: the restored hub's files, apart from what a restore itself keeps, so that none can be taken for that."""
READY = "ready"
REPLACED = "replaced"
"""Where what was there before lies after a restore."""
SECRETS = (SECRET_FILE, "tls")
"""What a stolen hub's successor doesn't take over: it makes its own."""


class RestoreError(ExplainedError):
    """Nothing was restored; the text says why, and what is there now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to restore over which hub, and what opens it: the owner's key or a passphrase.

    `outside` is the SECRET_KEY where the hub doesn't keep it in its data directory. A `stolen` hub's successor makes
    its own keys.
    """

    backup: Path
    database: Path
    key: Secret | None = None
    passphrase: Secret | None = None
    outside: Secret | None = None
    stolen: bool = False


async def restore(wanted: Wanted, clock: Clock, entropy: Entropy) -> Manifest:
    """Put a backup in the place of what is there, which is kept in `replaced`. The data directory has to be held.

    Until the backup is unpacked, checked and made ready nothing of the present hub is touched; from then on a restore
    that is interrupted is finished by `finish`. Raises ExplainedError.
    """
    data_dir = wanted.database.parent
    stage = data_dir / STAGE
    if finish(data_dir):
        raise RestoreError("A restore was interrupted: it has been finished now. Run this again for another one.")
    try:
        shutil.rmtree(stage, ignore_errors=True)
        about = _unpacked(wanted, stage)
        secret = _secret(wanted, about, stage / HUB, entropy)
        await _renew(wanted, stage / HUB, secret, clock, entropy)
        shutil.rmtree(data_dir / REPLACED, ignore_errors=True)
        (stage / READY).touch(mode=0o600)
        _settle(stage)
        finish(data_dir)
    except FileProblemError as error:
        raise RestoreError(str(error)) from error
    except OSError as error:
        raise RestoreError(f"The backup can't be restored into {data_dir}: {error.strerror or error}.") from error
    finally:
        if not (stage / READY).exists():
            shutil.rmtree(stage, ignore_errors=True)
    return about


def _secret(wanted: Wanted, about: Manifest, hub: Path, entropy: Entropy) -> Secret:
    """The SECRET_KEY that the restored hub will have. Raises RestoreError where it isn't the right one."""
    if wanted.stolen:
        _drop(hub, SECRETS)
    there = wanted.outside is None and (wanted.stolen or (hub / SECRET_FILE).exists())
    secret = own_secret(hub, entropy) if there else wanted.outside
    if secret is None:
        raise RestoreError("The backup has no SECRET_KEY in it: set the one that the hub had, then restore.")
    if wanted.stolen and mark_of(secret) == about.secret:
        raise RestoreError("SECRET_KEY is the stolen hub's: set another one, then restore.")
    if not wanted.stolen and mark_of(secret) != about.secret:
        raise RestoreError("SECRET_KEY isn't the one that the backup was made under: set that one, then restore.")
    return secret


async def _renew(wanted: Wanted, hub: Path, secret: Secret, clock: Clock, entropy: Entropy) -> None:
    """Bring the database to this program's schema, and end in it what is over."""
    path = hub / wanted.database.name
    (hub / DATABASE).rename(path)
    url = URL.create("sqlite", database=str(path))
    if check.revision(url) is None:
        raise RestoreError("The database in the backup is no hub's.")
    store = await open_store(url, wanted.database.parent, clock, entropy)
    try:
        await store.write(rebirth.begin_again)
        if wanted.stolen:
            pepper = Pepper(secret)
            await store.write(lambda tx: rebirth.take_new_secret(tx, lambda key: pepper.digest("directory", key)))
    finally:
        await store.close()


def _unpacked(wanted: Wanted, stage: Path) -> Manifest:
    stage.mkdir(mode=0o700)
    (stage / HUB).mkdir(mode=0o700)
    unlock(wanted.backup, stage / "archive", key=wanted.key, passphrase=wanted.passphrase)
    about = unpack(stage / "archive", stage / HUB, shutil.disk_usage(stage).free)
    (stage / "archive").unlink()
    return about


def _drop(hub: Path, names: tuple[str, ...]) -> None:
    for name in names:
        path = hub / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def finish(data_dir: Path) -> bool:
    """Move what is ready into its place, as often as it takes; False where nothing was. Raises OSError.

    Each step is one rename: wherever it is cut off, the next call goes on from there.
    """
    if not (data_dir / STAGE / READY).exists():
        return False
    stage, aside = data_dir / STAGE, data_dir / REPLACED
    moving = data_dir / STAGE / "moving"
    if not moving.exists():
        aside.mkdir(mode=0o700, exist_ok=True)
        for path in _present(data_dir):
            _put_aside(path, aside)
        moving.touch(mode=0o600)
        _settle(stage)
    for path in sorted((stage / HUB).iterdir()):
        path.rename(data_dir / path.name)
    _settle(data_dir)
    (stage / READY).unlink()
    shutil.rmtree(stage)
    _settle(data_dir)
    return True


def _put_aside(path: Path, aside: Path) -> None:
    """What is aside already is the hub's of before: a start that came in between has made another of that name."""
    if not os.path.lexists(aside / path.name):
        path.rename(aside / path.name)
    else:
        _drop(path.parent, (path.name,))


def unless_interrupted(data_dir: Path) -> None:
    """Finish a restore that was interrupted; raises RestoreError then, since the settings that were read are old."""
    try:
        finished = finish(data_dir)
    except OSError as error:
        raise RestoreError(
            f"A restore was interrupted and can't be finished in {data_dir}: {error.strerror or error}. "
            "Check the owner and permissions of what is in there, and start again."
        ) from error
    if finished:
        raise RestoreError("A restore had been interrupted, and is finished now: start again.")


def _present(data_dir: Path) -> list[Path]:
    """The hub that is there now, without what a disk of its own has in its top folder."""
    kept = NOT_THE_HUBS | {"lost+found"}
    return [path for path in data_dir.iterdir() if path.name not in kept and not path.is_socket()]


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
