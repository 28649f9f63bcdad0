"""`rex-auth-edge serve`: the hub itself."""

import asyncio
import sys
from pathlib import Path

import click

from rex_auth_edge import __version__
from rex_auth_edge.cli.fail import EXIT_CANNOT_START, explained


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), help="A TOML file of settings; the environment wins over it."
)
@click.option(
    "--development", is_flag=True, help="On this laptop only: plain HTTP on 127.0.0.1, letters on the console."
)
def serve(config: Path | None, *, development: bool) -> None:
    """Serve the household until SIGTERM or Ctrl-C.

    \b
    Example: REX_DATA_DIR=/var/lib/rex-auth-edge rex-auth-edge serve --config /etc/rex-auth-edge.toml
    Exit codes: 0 stopped in order, 2 wrong usage, 3 can't start (the reason is printed).
    """
    with explained(EXIT_CANNOT_START):
        _serve(config, development=development)


def _serve(config: Path | None, *, development: bool) -> None:
    from rex_auth_edge import logs, machine  # noqa: PLC0415 - `--help` and the other verbs don't pay for the server
    from rex_auth_edge.appliance import serve as run  # noqa: PLC0415
    from rex_auth_edge.settings import load  # noqa: PLC0415

    settings = load(machine.environment(), config, development=development)
    logs.configure(settings.log_level, development=development)
    for warning in settings.warnings:
        click.echo(f"Warning: {warning}", err=True)

    def say(url: str) -> None:
        click.echo(f"rex-auth-edge {__version__} serves {url} (reference: {url}/docs). Ctrl-C stops it.", err=True)
        sys.stderr.flush()

    try:
        import uvloop  # noqa: PLC0415 - absent on armv7l
    except ImportError:
        asyncio.run(run(settings, say))
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings, say))
