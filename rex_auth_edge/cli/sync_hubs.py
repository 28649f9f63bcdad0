"""`rex-auth-edge sync` in the cloud: a household's hubs, and what an operator says of the database."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, unless_sure, yes
from rex_auth_edge.cli.command import household as which
from rex_auth_edge.cli.fail import RefusedHereError
from rex_auth_edge.cli.show import Column, Shown, Table, counted, time, when
from rex_auth_edge.cli.sync import sync
from rex_auth_edge.cli.waiting import waiting

_HOURS = 4 * 3600.0
_PAGE = 200
_HUBS = (Column("hub", "id"), Column("name", "name"), Column("state", "state"), Column("heard (UTC)", time("seen_at")))


def _claimed(said: Mapping[str, Any]) -> str:
    return f"Claim code: {said['code']}\nGood for one hub, until {when(said['expires_at'])} UTC; it is shown this once."


@command(sync, "claim", example="rex-auth-edge sync claim maya --household home", answer=_claimed)
@which
@click.argument("owner")
def claim(ask: Ask, *, owner: str, household: str | None) -> Any:
    """In the cloud, make a code with which one hub joins the household, as OWNER's (a name, an address or an id)."""
    return ask("sync_hubs.claim", owner=owner, household=household)


def _listed(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_HUBS, rows, empty="No hub has this household.")


@command(sync, "hubs", example="rex-auth-edge sync hubs --household home", answer=_listed)
@which
def hubs(ask: Ask, *, household: str | None) -> Any:
    """In the cloud, show the household's hubs and when each was last heard."""
    return ask("sync_hubs.hubs", household=household)


def _removed(said: Mapping[str, Any]) -> list[Shown]:
    taken = " So is all that it had let in, and passwords are to be set anew." if said["stolen"] else ""
    return [f"Removed. Its sessions are over.{taken}", *said["told"]]


@command(
    sync,
    "remove-hub",
    example="rex-auth-edge sync remove-hub 0199a1b2-0000-7000-8000-000000000000 --stolen --since 2d --yes",
    answer=_removed,
)
@which
@yes
@click.option("--stolen", is_flag=True, help="Also take back all that it has let in, and have passwords set anew.")
@click.option(
    "--since",
    metavar="TIME",
    help="With --stolen: leave what had arrived from it before: 30m, 12h or 7d ago, or 2026-12-24T18:00 (UTC).",
)
@click.argument("named", metavar="ID")
def remove_hub(ask: Ask, *, named: str, stolen: bool, since: str | None, yes: bool, household: str | None) -> Any:
    """In the cloud, end the keys of hub ID (see `sync hubs`) and the sessions that it has begun, for good.

    A stolen one isn't trusted from its first change on, or from the hour of --since on, by when the cloud had it. That
    is known for 180 days at least: an earlier time means from its first change on. Rules of the household's that it has
    changed are strict until an owner sets them, addresses that it has given are unset, owners whom it has shut out come
    in again; what it has changed and still stands is listed, and in `sync reviews`.
    """
    unless_sure("Remove the hub for good?", yes=yes)
    return ask("sync_hubs.remove_hub", which=named, stolen=stolen, since=since, household=household)


def _counted(said: Mapping[str, Any]) -> str:
    return counted(said["households"], "household", "households")


@command(
    sync,
    "mark",
    example="rex-auth-edge sync mark marks.json",
    answer=lambda said: f"Marked in {said['file']}, for `sync durable`: {_counted(said)}.",
)
@click.argument("file", type=click.Path(path_type=Path))
def mark(ask: Ask, *, file: Path) -> Any:
    """In the cloud, write to FILE how far each household's order goes, just before a backup of the database begins."""
    marks = ask("sync_hubs.mark", patience=_HOURS)
    try:
        file.write_text(json.dumps(marks), encoding="utf-8")
    except OSError as error:
        raise RefusedHereError("file", f"{file} can't be written: {error.strerror}.") from error
    return {"households": len(marks), "file": str(file)}


@command(
    sync,
    "durable",
    example="rex-auth-edge sync durable marks.json",
    answer=lambda said: f"Hubs need not keep what was there then: {_counted(said)}.",
)
@click.argument("file", type=click.Path(path_type=Path))
def durable(ask: Ask, *, file: Path) -> Any:
    """In the cloud, say that the backup begun after `sync mark` wrote FILE is verified, or on a second replica.

    Until then every hub keeps its own changes, to tell them again if the cloud loses them.
    """
    marks, done = _read(file), 0
    with waiting("Telling", len(marks)) as advance:
        for start in range(0, len(marks), _PAGE):
            page = marks[start : start + _PAGE]
            done += ask("sync_hubs.durable", patience=_HOURS, marks=page)["households"]
            advance(len(page))
    return {"households": done}


def _read(file: Path) -> list[Any]:
    try:
        marks = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RefusedHereError("file", f"{file} can't be read: {error.strerror}.") from error
    except ValueError:
        marks = None
    if not isinstance(marks, list):
        raise RefusedHereError("invalid_field", f"{file} has no marks: write it by `sync mark`.")
    return marks


@command(
    sync,
    "restored",
    example="rex-auth-edge sync restored --yes",
    answer=lambda said: f"Another epoch begins: {_counted(said)}.",
)
@yes
def restored(ask: Ask, *, yes: bool) -> Any:
    """In the cloud, say that its database was put back from a backup, before its processes are started again.

    Hubs then tell it again what it has lost. Unless this is said, a hub that knows more than the cloud brings it up.
    """
    unless_sure("Was the database put back from a backup?", yes=yes)
    return ask("sync_hubs.restored", patience=_HOURS)
