"""`rex-auth-edge key`: the keys that sign access tokens."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rex_auth_edge.cli.fail import EXIT_REFUSED, explained


@click.group()
def key() -> None:
    """The keys that sign access tokens."""


@key.command()
@click.option(
    "--now", is_flag=True, help="Sign with the new key at once, without waiting until verifiers have fetched it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option("--config", type=click.Path(path_type=Path), help="The hub's TOML file of settings.")
def rotate(config: Path | None, *, now: bool, as_json: bool) -> None:
    """Make a new signing key; tokens signed by the old one stay good until they expire.

    The new key is published at once and signs after 5 minutes, when every verifier has fetched it. Works on a running
    hub and on one that is stopped.

    \b
    Example: rex-auth-edge key rotate --json
    Exit codes: 0 rotated, 1 refused (the reason is printed), 2 wrong usage.
    """
    with explained(EXIT_REFUSED):
        made = _ask(config, "key.rotate", {"now": now})
    if as_json:
        click.echo(json.dumps(made))
        return
    when = datetime.fromtimestamp(made["signs_from"] / 1000, UTC)
    click.echo(f"New {made['algorithm']} key {made['kid']}; it signs from {when:%Y-%m-%d %H:%M:%S} UTC.")


def _ask(config: Path | None, verb: str, arguments: dict[str, Any]) -> Any:
    """Have the running hub do it; where none runs, do it on the database itself."""
    from rex_auth_edge import machine  # noqa: PLC0415 - `--help` doesn't pay for the server
    from rex_auth_edge.appliance import control_socket, offline  # noqa: PLC0415
    from rex_auth_edge.control import call  # noqa: PLC0415
    from rex_auth_edge.settings import load  # noqa: PLC0415

    settings = load(machine.environment(), config)
    socket = control_socket(settings.data_dir)
    if socket.exists():
        return call(socket, verb, arguments)
    return asyncio.run(offline(settings, verb, arguments))
