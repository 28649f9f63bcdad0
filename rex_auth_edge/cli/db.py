"""`rex-auth-edge db`: the database itself."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask, asking, become_owner
from rex_auth_edge.cli.audit import in_words, verified
from rex_auth_edge.cli.command import register, tell
from rex_auth_edge.cli.fail import explained
from rex_auth_edge.cli.waiting import waiting

_HOURS = 4 * 3600.0
"""Seconds that reading a whole database may take, on the slowest of cards."""


@click.group()
def db() -> None:
    """The database: bring it up to date, check it."""


def _upgraded(done: Mapping[str, Any]) -> str:
    if not done["changed"]:
        return f"Nothing to do: the schema is {done['schema']}, as this program needs it."
    kept = f" A copy from before is in {done['copies']}." if done["copies"] else ""
    return f"Upgraded from {done['before'] or 'nothing'} to {done['schema']}.{kept}"


@register(
    db,
    "upgrade",
    example="systemctl stop rex-auth-edge && rex-auth-edge db upgrade",
    exits={3: "a hub is running, or the database can't be upgraded"},
)
def upgrade(config: Path | None, *, as_json: bool) -> None:
    """Bring the database to this program's schema, where no hub is running; a copy is kept first.

    A hub does the same when it starts.
    """
    with explained(as_json=as_json):
        tell(_upgrade(config), _upgraded, lambda _: False, as_json=as_json)


def _upgrade(config: Path | None) -> dict[str, Any]:
    from rex_auth_edge import appliance, machine  # noqa: PLC0415 - `--help` doesn't pay for it
    from rex_auth_edge.settings import load_beside  # noqa: PLC0415

    settings = load_beside(machine.environment(), config)
    become_owner(settings.data_dir)
    with waiting("Upgrading the database"):
        before, after = asyncio.run(appliance.upgrade(settings))
    copies = settings.data_dir / "backups"
    changed = before != after
    kept = str(copies) if changed and before is not None and copies.is_dir() else None
    return {"before": before, "schema": after, "changed": changed, "copies": kept}


def _checked(said: Mapping[str, Any]) -> list[str]:
    lines = [f"Problem: {line}" for line in said["problems"]]
    if not lines:
        lines = [f"The database is whole, with schema {said['schema']}."]
    for slug, log in said["audit"].items():
        lines += [f"{slug}: {line}" for line in in_words(log)]
    return lines


@register(
    db,
    "check",
    example="rex-auth-edge db check --json",
    exits={0: "all is well", 1: "it isn't (every problem is printed)"},
)
def check(config: Path | None, *, as_json: bool) -> None:
    """Read the whole database: its pages and indexes, its references, its schema, every household's audit log.

    A running hub goes on serving meanwhile. A file that can't be used is left as it is.
    """
    with explained(as_json=as_json):
        tell(_check(config), _checked, lambda said: not said["ok"], as_json=as_json)


def _check(config: Path | None) -> dict[str, Any]:
    from rex_auth_edge.storage.schema import SchemaError  # noqa: PLC0415 - `--help` doesn't pay for it

    try:
        with asking(config) as ask:
            return _asked(ask)
    except SchemaError as error:
        return {"ok": False, "schema": None, "problems": [str(error)], "audit": {}}


def _asked(ask: Ask) -> dict[str, Any]:
    from rex_auth_edge.control import ControlRefusedError  # noqa: PLC0415 - `--help` doesn't pay for it

    schema, problems, logs = None, [], {}
    try:
        with waiting("Reading the database"):
            found = ask("db.check", patience=_HOURS)
        schema, problems = found["schema"], list(found["problems"])
        logs = {slug: verified(ask, slug) for slug in ask("db.households")}
    except ControlRefusedError as error:
        problems.append(str(error))
    whole = not problems and all(log["ok"] for log in logs.values())
    return {"ok": whole, "schema": schema, "problems": problems, "audit": logs}
