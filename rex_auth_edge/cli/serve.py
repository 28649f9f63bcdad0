"""`rex-auth-edge serve`: the hub itself."""

import asyncio
from pathlib import Path

import click

from rex_auth_edge import __version__
from rex_auth_edge.cli.command import register
from rex_auth_edge.cli.fail import explained
from rex_auth_edge.cli.show import as_json as spoken


def add_to(main: click.Group) -> None:
    """Make `serve` one of the group's commands."""
    example = "REX_DATA_DIR=/var/lib/rex-auth-edge rex-auth-edge serve --config /etc/rex-auth-edge.toml"
    exits = {0: "stopped in order", 3: "can't start (the reason is printed)"}
    register(main, "serve", example=example, exits=exits)(_options(_command))


_options = click.option(
    "--development", is_flag=True, help="On this laptop only: plain HTTP on 127.0.0.1, letters on the console."
)


def _command(config: Path | None, *, development: bool, as_json: bool) -> None:
    """Serve the household until SIGTERM or Ctrl-C.

    With --json, where it serves is said on standard output too.
    """
    with explained(as_json=as_json):
        _serve(config, development=development, as_json=as_json)


def _serve(config: Path | None, *, development: bool, as_json: bool) -> None:
    from rex_auth_edge import logs, machine  # noqa: PLC0415 - `--help` and the other verbs don't pay for the server
    from rex_auth_edge.settings import load  # noqa: PLC0415

    settings = load(machine.environment(), config, development=development)
    from rex_auth_edge.appliance import serve as run  # noqa: PLC0415 - nor does who is told of a bad setting

    logs.configure(settings.log_level, development=development)
    for warning in settings.warnings:
        click.echo(f"Warning: {warning}", err=True)

    def say(url: str) -> None:
        click.echo(f"rex-auth-edge {__version__} serves {url} (reference: {url}/docs). Ctrl-C stops it.", err=True)
        if as_json:
            click.echo(spoken({"version": __version__, "url": url}))

    try:
        import uvloop  # noqa: PLC0415 - absent on armv7l
    except ImportError:
        asyncio.run(run(settings, say))
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings, say))
