"""`rex-auth-edge db backup`, `backup-key` and `restore`: the hub kept in an encrypted file, and made again from it."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rex_auth_edge.cli.ask import become_owner
from rex_auth_edge.cli.command import register, tell, unless_sure, yes
from rex_auth_edge.cli.db import db
from rex_auth_edge.cli.fail import RefusedHereError, explained
from rex_auth_edge.cli.secret import password
from rex_auth_edge.cli.show import Facts
from rex_auth_edge.cli.waiting import waiting

if TYPE_CHECKING:
    from rex_auth_edge.domain.secret import Secret
    from rex_auth_edge.keeping.locks import Lock
    from rex_auth_edge.settings import Settings

_file = click.Path(path_type=Path)
_passphrase = click.option("--passphrase", is_flag=True, help="Lock it to a passphrase, which is asked for.")
_passphrase_file = click.option(
    "--passphrase-file", type=_file, help="Read the passphrase from this file's first line."
)


def _beside(config: Path | None) -> "Settings":
    from rex_auth_edge import machine  # noqa: PLC0415 - `--help` doesn't pay for it
    from rex_auth_edge.settings import load_beside  # noqa: PLC0415

    settings = load_beside(machine.environment(), config)
    _unless_elsewhere(settings)
    become_owner(settings.data_dir)
    return settings


def _unless_elsewhere(settings: "Settings") -> None:
    if settings.database.get_backend_name() != "sqlite":
        raise RefusedHereError("not_here", "This database has a server of its own: back it up with mariadb-dump.")


def _unless_apart(settings: "Settings") -> None:
    """A restore puts aside all that lies beside the database: that must be the hub's own."""
    place = Path(settings.database.database or "").resolve().parent
    if place != settings.data_dir.resolve():
        raise RefusedHereError(
            "not_here",
            f"DATABASE_URL puts the database into {place}, outside of the data directory: unset it, restore, and move "
            f"rex-auth-edge.db from {settings.data_dir} to its place.",
        )


@click.option("--to", "target", type=_file, help="The folder for it; without it `backups` in the data directory.")
@click.option(
    "--keep", type=click.IntRange(1, 1000), default=7, show_default=True, help="How many stay in that folder."
)
@click.option("--recipient", metavar="age1...", help="The public key to lock it to; without it that of `backup-key`.")
@_passphrase
@_passphrase_file
def _backup(
    config: Path | None,
    target: Path | None,
    recipient: str | None,
    passphrase_file: Path | None,
    *,
    keep: int,
    passphrase: bool,
    as_json: bool,
) -> None:
    """Write an encrypted backup (age format) of the whole hub: database, keys, certificates.

    Works while the hub runs. The backup is read back before it gets its name, and the oldest ones are deleted.
    """
    with explained(as_json=as_json):
        settings = _beside(config)
        lock = _lock(settings, recipient, passphrase_file, asked=passphrase)
        tell(_made(settings, target, lock, keep), _backed_up, lambda _: False, as_json=as_json)


def _lock(settings: "Settings", recipient: str | None, file: Path | None, *, asked: bool) -> "Lock":
    from rex_auth_edge.domain.secret import Secret  # noqa: PLC0415
    from rex_auth_edge.keeping.backup import KEY_FILE  # noqa: PLC0415
    from rex_auth_edge.keeping.locks import ToKey, ToPassphrase  # noqa: PLC0415

    if asked or file is not None:
        return ToPassphrase(Secret(password(file, "Passphrase")))
    kept = settings.data_dir / KEY_FILE
    if recipient is None and not kept.exists():
        raise RefusedHereError(
            "no_key", "Make a key for backups first (rex-auth-edge db backup-key), or lock this one to a --passphrase."
        )
    return ToKey(recipient or kept.read_text().strip())


def _made(settings: "Settings", target: Path | None, lock: "Lock", keep: int) -> dict[str, Any]:
    from rex_auth_edge.keeping.backup import Wanted, back_up  # noqa: PLC0415
    from rex_auth_edge.machine import SystemClock  # noqa: PLC0415

    folder = target or settings.data_dir / "backups"
    wanted = Wanted(
        Path(settings.database.database or ""), settings.data_dir, folder, settings.keys.secret_key, lock, keep
    )
    with waiting("Backing up"):
        made = back_up(wanted, SystemClock().now(), lambda _done, _of: None)
    return {"file": str(made.path), "bytes": made.size, "deleted": [str(path) for path in made.pruned]}


def _backed_up(said: Mapping[str, Any]) -> str:
    deleted = f" Deleted {len(said['deleted'])} older ones." if said["deleted"] else ""
    return f"Backed up into {said['file']} ({said['bytes']} bytes), and read back.{deleted}"


@yes
def _backup_key(config: Path | None, *, yes: bool, as_json: bool) -> None:
    """Make the key for backups: the hub keeps the part that locks them, you keep the part that opens them.

    The secret part is shown this once and is nowhere on the hub: write it down, away from the hub.
    """
    with explained(as_json=as_json):
        settings = _beside(config)
        tell(_new_key(settings, yes=yes), _keyed, lambda _: False, as_json=as_json)


def _new_key(settings: "Settings", *, yes: bool) -> dict[str, Any]:
    from rex_auth_edge.keeping.backup import KEY_FILE  # noqa: PLC0415
    from rex_auth_edge.keeping.locks import new_key  # noqa: PLC0415

    kept = settings.data_dir / KEY_FILE
    if kept.exists():
        unless_sure("Backups are locked to a key already; later ones would need the new one. Go on?", yes=yes)
    secret, public = new_key()
    draft = kept.with_name(f".{KEY_FILE}-{os.getpid()}")
    draft.write_text(public + "\n")
    draft.replace(kept)
    return {"secret_key": secret.reveal(), "recipient": public}


def _keyed(said: Mapping[str, Any]) -> list[Any]:
    keep = "Write this down and keep it away from the hub. It is shown this once, and nothing else opens the backups:"
    return [keep, f"\n    {said['secret_key']}\n", Facts({"locks backups": said["recipient"]})]


@click.argument("file", type=_file)
@click.option(
    "--key-file", type=_file, help="The file with the secret key (AGE-SECRET-KEY-1...); else it is asked for."
)
@_passphrase_file
@click.option("--passphrase", is_flag=True, help="The backup is locked to a passphrase, which is asked for.")
@click.option("--stolen", is_flag=True, help="The old hub is in others' hands: make new keys; devices pair again.")
@yes
def _restore(
    config: Path | None,
    file: Path,
    key_file: Path | None,
    passphrase_file: Path | None,
    *,
    passphrase: bool,
    stolen: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make this hub the one of a backup, where none is running: the same keys, people and devices.

    What was here before is kept in the data directory's `replaced`. Everybody signs in again; codes, links and
    invitations of before are void.
    """
    with explained(as_json=as_json):
        unless_sure("Everything that is on this hub now is put aside. Restore?", yes=yes)
        by_phrase = passphrase or passphrase_file is not None
        opener = _passphrase_of(passphrase_file) if by_phrase else _key_of(key_file)
        opens = {"passphrase" if by_phrase else "key": opener}
        tell(_restored(config, file, opens, stolen=stolen), _said, lambda _: False, as_json=as_json)


def _passphrase_of(file: Path | None) -> "Secret":
    from rex_auth_edge.domain.secret import Secret  # noqa: PLC0415

    return Secret(password(file, "Passphrase"))


def _key_of(file: Path | None) -> "Secret":
    """The owner's secret key; a file may have remarks before it, as age-keygen writes them."""
    from rex_auth_edge.domain.secret import Secret  # noqa: PLC0415

    return Secret(password(file, "Secret key", remark="#"))


def _restored(config: Path | None, file: Path, opens: "Mapping[str, Secret]", *, stolen: bool) -> dict[str, Any]:
    from rex_auth_edge import machine  # noqa: PLC0415
    from rex_auth_edge.keeping.restore import Wanted, restore  # noqa: PLC0415
    from rex_auth_edge.settings import load  # noqa: PLC0415
    from rex_auth_edge.storage.lock import DataDirLock  # noqa: PLC0415

    settings = load(machine.environment(), config)
    _unless_elsewhere(settings)
    _unless_apart(settings)
    own = any(row.name == "SECRET_KEY" and row.source == "data directory" for row in settings.rows)
    outside = None if own else settings.keys.secret_key
    database = Path(settings.database.database or "")
    wanted = Wanted(file, database, opens.get("key"), opens.get("passphrase"), outside, stolen=stolen)
    with DataDirLock(settings.data_dir), waiting("Restoring"):
        about = asyncio.run(restore(wanted, machine.SystemClock(), machine.SystemEntropy()))
    return {"made_at": about.made_at, "version": about.version, "stolen": stolen}


def _said(said: Mapping[str, Any]) -> str:
    new = (
        " It has new keys: compare its certificate's fingerprint anew, and pair devices again."
        if said["stolen"]
        else ""
    )
    return (
        f"Restored the hub of {said['made_at']} (version {said['version']}). Start it; everybody signs in again.{new}"
    )


register(db, "backup", example="rex-auth-edge db backup --to /media/stick")(_backup)
register(db, "backup-key", example="rex-auth-edge db backup-key")(_backup_key)
register(
    db,
    "restore",
    example="rex-auth-edge db restore /media/stick/rex-20260131T020000Z-0000.tar.gz.age --key-file key",
    exits={3: "a hub is running, or the backup can't be used; what was there is as it was"},
)(_restore)
