"""`rex-auth-edge device`: the household's devices."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from rex_auth_edge.cli import pair, pairing
from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household, unless_sure
from rex_auth_edge.cli.command import yes as sure
from rex_auth_edge.cli.show import Column, Facts, Shown, Table, qr, time, when

_KINDS = ("lamp", "sensor", "lock", "camera", "tablet", "speaker", "robot", "voice", "other")
_ID = "01a208a2-7a56-720b-929a-ad8b101c10f0"
_COLUMNS = (
    Column("device", "id"),
    Column("name", "name"),
    Column("kind", "kind"),
    Column("room", "room"),
    Column("scopes", lambda row: " ".join(row["scopes"]) or "-"),
    Column("state", "state"),
    Column("seen (UTC)", time("seen_at")),
)
_AWAITED = (
    Column("to come", "id"),
    Column("name", "name"),
    Column("kind", "kind"),
    Column("room", "room"),
    Column("until (UTC)", time("expires_at")),
)


@click.group()
def device() -> None:
    """Devices: lamps, locks, tablets, each with a key of its own."""


def _listed(said: Mapping[str, Any]) -> list[Shown]:
    shown: list[Shown] = [Table(_COLUMNS, said["devices"], empty="No devices.")]
    return [*shown, "", Table(_AWAITED, said["awaited"], empty="")] if said["awaited"] else shown


@command(device, "list", example="rex-auth-edge device list", answer=_listed)
@household
def list_(ask: Ask, *, household: str | None) -> Any:
    """Show the household's devices, and those that have been added and haven't come yet."""
    return ask("device.list", household=household)


def _added(said: Mapping[str, Any]) -> list[Shown]:
    until = f"{when(said['expires_at'])} UTC"
    facts: list[Shown] = [Facts({"code": said["code"], "until": until, "id": said["id"]})]
    return [*facts, "", qr(said["qr"]), said["qr"]] if sys.stdout.isatty() else [*facts, said["qr"]]


@command(
    device,
    "add",
    example='rex-auth-edge device add "Front door" --kind lock --room Hall --scope door.open',
    answer=_added,
)
@household
@click.argument("name")
@click.option("--kind", type=click.Choice(_KINDS), default="other", show_default=True, help="What it is.")
@click.option("--room", help="Where it is.")
@click.option("--scope", "scopes", multiple=True, help="What it may, such as door.open; as often as needed.")
@click.option("--code-life", metavar="TIME", help="How long the code is good, from 1m to 1h; without it 10m.")
def add(ask: Ask, *, scopes: tuple[str, ...], **fields: Any) -> Any:
    """Let the device NAME in: shows a code, and a QR code for its camera. They are good once, and told this once."""
    return ask("device.add", scopes=list(scopes), **fields)


@command(device, "change", example=f"rex-auth-edge device change {_ID} --room Kitchen", answer=lambda _: "Changed.")
@household
@click.argument("device")
@click.option("--name", help="Another name.")
@click.option("--room", help="Another room; an empty text is none.")
@click.option("--scope", "scopes", multiple=True, help="The scopes that it keeps; what isn't named, it loses.")
@click.option("--no-scopes", is_flag=True, help="Take all scopes from it.")
def change(ask: Ask, *, scopes: tuple[str, ...], no_scopes: bool, **fields: Any) -> Any:
    """Rename a DEVICE (its id), put it elsewhere, or take scopes from it: in force at once."""
    kept = list(scopes) if scopes or no_scopes else None
    return ask("device.change", scopes=kept, **fields)


@command(
    device, "suspend", example=f"rex-auth-edge device suspend {_ID}", answer=lambda _: "It is refused from now on."
)
@household
@click.argument("device")
def suspend(ask: Ask, **fields: Any) -> Any:
    """Refuse whatever a DEVICE (its id) holds, until `device resume`."""
    return ask("device.suspend", **fields)


@command(device, "resume", example=f"rex-auth-edge device resume {_ID}", answer=lambda _: "It may go on.")
@household
@click.argument("device")
def resume(ask: Ask, **fields: Any) -> Any:
    """Let a suspended DEVICE (its id) go on."""
    return ask("device.resume", **fields)


@command(
    device, "remove", example=f"rex-auth-edge device remove {_ID} --yes", answer=lambda _: "It is refused for good."
)
@household
@sure
@click.argument("device")
def remove(ask: Ask, *, yes: bool, **fields: Any) -> Any:
    """Remove a DEVICE (its id) for good, or withdraw the code of one that is to come."""
    unless_sure("Remove this device for good?", yes=yes)
    return ask("device.remove", **fields)


for more in (pairing, pair):
    more.add_to(device)
