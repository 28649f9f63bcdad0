"""`rex-auth-edge discover`: the hubs on this LAN, each looked at over TLS."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rex_auth_edge.cli.command import register, tell
from rex_auth_edge.cli.fail import explained
from rex_auth_edge.cli.show import Column, Shown, Table
from rex_auth_edge.cli.waiting import waiting


def add_to(main: click.Group) -> None:
    """Make `discover` one of the group's commands."""
    exits = {0: "looked (also where none was found)", 1: "a hub isn't what it announces"}
    register(main, "discover", example="rex-auth-edge discover --seconds 5", exits=exits)(_discover)


@click.option("--seconds", type=click.FloatRange(0.5, 60), default=3.0, show_default=True, help="How long to listen.")
def _discover(config: Path | None, *, seconds: float, as_json: bool) -> None:  # noqa: ARG001 - every command has it
    """List the hubs that announce themselves on this LAN, and verify each over TLS.

    What a hub announces is a hint. Compare the fingerprint with the one on the hub's own console before you trust it.
    """
    with explained(as_json=as_json), waiting("Listening"):
        found = asyncio.run(_looked(seconds))
    tell(found, _answer, lambda hubs: any(hub["problem"] for hub in hubs), as_json=as_json)


async def _looked(seconds: float) -> list[dict[str, Any]]:
    from rex_auth_edge.client import find  # noqa: PLC0415 - `--help` doesn't pay for it

    hubs = await find.browse(seconds)
    verified = await asyncio.gather(*(find.verify(hub) for hub in hubs))
    return [
        {
            "name": hub.name,
            "url": f"https://{hub.host}" + (f":{hub.port}" if hub.port != _HTTPS else ""),
            "addresses": list(hub.addresses),
            "state": hub.facts.get("state"),
            "version": hub.facts.get("v"),
            "fingerprint": seen.fingerprint,
            "problem": seen.problem,
        }
        for hub, seen in zip(hubs, verified, strict=True)
    ]


_HTTPS = 443


def _answer(hubs: list[dict[str, Any]]) -> list[Shown]:
    columns = (
        Column("hub", "url"),
        Column("addresses", lambda hub: ", ".join(hub["addresses"])),
        Column("state", "state"),
        Column("TLS", lambda hub: "holds" if hub["problem"] is None else "doesn't hold"),
    )
    table = Table(columns, hubs, "No hub announces itself here.")
    return [table, *(line for hub in hubs for line in _told(hub))]


def _told(hub: Mapping[str, Any]) -> list[str]:
    lines = [f"{hub['name']}: {hub['problem']}"] if hub["problem"] else []
    return lines + ([f"{hub['name']}: fingerprint {hub['fingerprint']}"] if hub["fingerprint"] else [])
