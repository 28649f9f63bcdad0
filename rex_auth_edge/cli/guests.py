"""`rex-auth-edge pass`: passes for guests."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household, unless_sure
from rex_auth_edge.cli.command import yes as sure
from rex_auth_edge.cli.show import Column, Facts, Shown, Table, qr, time, when

_ID = "01a208a2-7a56-720b-929a-ad8b101c10f0"
_COLUMNS = (
    Column("pass", "id"),
    Column("for", "name"),
    Column("opens", lambda row: " ".join(row["scopes"])),
    Column("status", "status"),
    Column("from (UTC)", time("begins_at")),
    Column("until (UTC)", time("ends_at")),
    Column("seen (UTC)", time("seen_at")),
)


@click.group("pass")
def guest_pass() -> None:
    """Passes for guests: what they open, and for how long."""


def _created(said: Mapping[str, Any]) -> list[Shown]:
    span = {"from": f"{when(said['begins_at'])} UTC", "until": f"{when(said['ends_at'])} UTC"}
    facts: list[Shown] = [Facts({"link": said["link"]} | span | {"id": said["id"]})]
    return [*facts, "", qr(said["link"])] if sys.stdout.isatty() else facts


@command(
    guest_pass,
    "create",
    example='rex-auth-edge pass create "Aunt Ada" --scope door.open --ends 8h',
    answer=_created,
)
@household
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it opens; as often as needed.")
@click.option("--starts", metavar="TIME", help="In how long, such as 2h, or when, with its zone; without it now.")
@click.option("--ends", metavar="TIME", default="8h", show_default=True, help="How long it is good, or until when.")
def create(ask: Ask, *, scopes: tuple[str, ...], **fields: Any) -> Any:
    """Make a pass for the guest NAME: shows the link to hand over. It is told this once."""
    return ask("pass.create", scopes=list(scopes), **fields)


def _listed(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_COLUMNS, rows, empty="No passes.")


@command(guest_pass, "list", example="rex-auth-edge pass list", answer=_listed)
@household
def list_(ask: Ask, *, household: str | None) -> Any:
    """Show passes and what became of them."""
    return ask("pass.list", household=household)


@command(guest_pass, "revoke", example=f"rex-auth-edge pass revoke {_ID} --yes", answer=lambda _: "Revoked.")
@household
@sure
@click.argument("guest_pass", metavar="PASS")
def revoke(ask: Ask, *, yes: bool, **fields: Any) -> Any:
    """End a PASS (its id) before its time."""
    unless_sure("Revoke this pass?", yes=yes)
    return ask("pass.revoke", **fields)
