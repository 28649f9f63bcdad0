"""`rex-auth-edge settings`: what is set, by whom, and whether a hub can start with it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from rex_auth_edge.cli.ask import over
from rex_auth_edge.cli.command import register, tell
from rex_auth_edge.cli.fail import EXIT_NOT_FOUND, explained, fail
from rex_auth_edge.cli.show import Column, Facts, Table
from rex_auth_edge.cli.waiting import waiting

_COLUMNS = (Column("name", "name"), Column("value", "value"), Column("set by", "source"), Column("meaning", "doc"))


@click.group()
def settings() -> None:
    """What is set, and by whom."""


def _listed(rows: Sequence[Mapping[str, Any]]) -> Table | Facts:
    return (
        Table(_COLUMNS, rows) if len(rows) > 1 else Facts({column.head: rows[0][str(column.of)] for column in _COLUMNS})
    )


@register(settings, "show", example="rex-auth-edge settings show SMTP_SERVER", exits={4: "there is no such setting"})
@click.argument("name", required=False)
def shown(config: Path | None, *, as_json: bool, name: str | None) -> None:
    """Show each setting (or NAME) with its value and who has set it; secrets are masked.

    Of a running hub, what it runs with; else what it would start with here.
    """
    with explained(as_json=as_json):
        rows = [row for row in _rows(config) if name is None or row["name"] == name.upper()]
        if not rows:
            sentence = f"There is no setting {name}: `rex-auth-edge settings show` lists all."
            fail([sentence], "not_found", EXIT_NOT_FOUND, as_json=as_json)
        tell(rows, _listed, lambda _: False, as_json=as_json)


def _rows(config: Path | None) -> list[Mapping[str, Any]]:
    from rex_auth_edge import machine  # noqa: PLC0415 - `--help` doesn't pay for it
    from rex_auth_edge.control import answers, socket_in  # noqa: PLC0415
    from rex_auth_edge.settings import look  # noqa: PLC0415

    seen = look(machine.environment(), config)
    socket = None if seen.data_dir is None else socket_in(seen.data_dir)
    if socket is not None and answers(socket):
        return list(over(socket)("settings.show"))
    for problem in seen.problems:
        click.echo(f"Warning: {problem}", err=True)
    return [asdict(row) for row in seen.rows]


def _checked(said: Mapping[str, Any]) -> list[str]:
    if not said["problems"] and not said["warnings"]:
        return ["A hub can start with this."]
    return [*(f"Problem: {line}" for line in said["problems"]), *(f"Warning: {line}" for line in said["warnings"])]


@register(
    settings,
    "check",
    example="rex-auth-edge settings check /etc/rex-auth-edge.toml",
    exits={0: "a hub can start with it", 1: "it can't (every problem is printed)"},
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(config: Path | None, *, as_json: bool, file: Path | None) -> None:
    """Say whether a hub could start with FILE and this environment; nothing is made or changed."""
    from rex_auth_edge import machine  # noqa: PLC0415 - `--help` doesn't pay for it
    from rex_auth_edge.settings import look  # noqa: PLC0415

    with explained(as_json=as_json):
        seen = look(machine.environment(), file or config)
        said = {"problems": list(seen.problems), "warnings": list(seen.warnings)}
        tell(said, _checked, lambda said: bool(said["problems"]), as_json=as_json)


@register(settings, "calibrate", example="rex-auth-edge settings calibrate")
def calibrate(config: Path | None, *, as_json: bool) -> None:  # noqa: ARG001 - every command has it
    """Measure how passwords should be hashed on this machine, and print it as settings; takes some seconds.

    One hash then takes 250 to 500 ms, within the machine's memory, and never less than OWASP's least. Changed settings
    count for a password from its next use on.
    """
    from rex_auth_edge.keys import measure  # noqa: PLC0415 - `--help` doesn't pay for it

    with explained(as_json=as_json), waiting("Measuring"):
        memory, passes = measure.fitting(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024)
    found = {"rex_argon2_memory_kib": memory, "rex_argon2_passes": passes, "rex_argon2_lanes": measure.FLOOR.lanes}
    tell(found, lambda found: [f"{name} = {value}" for name, value in found.items()], lambda _: False, as_json=as_json)
