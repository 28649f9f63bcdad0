"""`rex-auth-edge clock`: the hub's time, and the floor that it never runs below."""

from collections.abc import Mapping
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, unless_sure, yes
from rex_auth_edge.cli.show import Facts, when


@click.group()
def clock() -> None:
    """The hub's time, and how far it can be believed."""


def _shown(said: Mapping[str, Any]) -> Facts:
    return Facts({
        "time": f"{when(said['now'])} UTC",
        "state": said["state"],
        "why": said["why"],
        "not below": f"{when(said['floor'])} UTC",
        "boots on record": said["boots"],
    })  # fmt: skip


@command(clock, "show", example="rex-auth-edge clock show", answer=_shown)
def show(ask: Ask) -> Any:
    """Show the time that the hub goes by, whether NTP has set it, and the time that has come for sure."""
    return ask("clock.show")


def _lowered(done: Mapping[str, Any]) -> str:
    return (
        f"Time runs no more below {when(done['floor'])} UTC (before: {when(done['before'])}); "
        f"{done['ended']} sessions have ended."
    )


@command(clock, "lower", example="rex-auth-edge clock lower 2026-12-24 --yes", answer=_lowered)
@click.argument("time")
@yes
def lower(ask: Ask, *, time: str, yes: bool) -> Any:
    """Lower the time that the hub never runs below, where a wrong one is on record.

    TIME is like 2026-12-24, 2026-12-24T18:00 (UTC), or 30d for so long ago. It doesn't sink below the release's date.
    All sessions of all households end.
    """
    unless_sure("Everybody will have to sign in again. Lower it?", yes=yes)
    return ask("clock.lower", to=time)
