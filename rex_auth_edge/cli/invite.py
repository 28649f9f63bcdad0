"""`rex-auth-edge invite`: invitations to a household."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household, unless_sure
from rex_auth_edge.cli.command import yes as sure
from rex_auth_edge.cli.show import Column, Facts, Shown, Table, qr, time, when

_ROLES = ("owner", "adult", "child", "guest")
_COLUMNS = (
    Column("invitation", "id"),
    Column("role", "role"),
    Column("for", "name"),
    Column("e-mail", "email"),
    Column("status", "status"),
    Column("made (UTC)", time("created_at")),
    Column("until (UTC)", time("expires_at")),
)


@click.group()
def invite() -> None:
    """Invitations: a code each, good for one person."""


def _created(said: Mapping[str, Any]) -> list[Shown]:
    facts: list[Shown] = [
        Facts(
            {
                "code": said["code"],
                "link": said["link"],
                "role": said["role"],
                "until": f"{when(said['expires_at'])} UTC",
                "letter": f"to {said['email']}, in the outbox (rex-auth-edge mail list)" if said["mailed"] else None,
                "id": said["id"],
            }
        )
    ]
    return [*facts, "", qr(said["link"])] if sys.stdout.isatty() else facts


@command(invite, "create", example="rex-auth-edge invite create --role adult --email noor@example.com", answer=_created)
@household
@click.option("--role", type=click.Choice(_ROLES), default="adult", show_default=True, help="What they will be.")
@click.option("--name", help="Whom it is for, as the list shows it.")
@click.option("--email", help="Good for this address only, and mailed there.")
@click.option("--expires-in", metavar="TIME", help="How long it is good, from 1h to 30d; without it 7d.")
def create(ask: Ask, **fields: Any) -> Any:
    """Invite somebody: shows the code and a link to hand over. The code is told this once."""
    return ask("invite.create", **fields)


def _listed(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_COLUMNS, rows, empty="No invitations.")


@command(invite, "list", example="rex-auth-edge invite list", answer=_listed)
@household
def list_(ask: Ask, *, household: str | None) -> Any:
    """Show invitations, the newest first; their codes are nowhere any more."""
    return ask("invite.list", household=household)


@command(
    invite,
    "revoke",
    example="rex-auth-edge invite revoke 019bd2a5-5c7e-7cc1-a2b2-6e2a0c5d8f11 --yes",
    answer=lambda _: "Nobody can join by it any more.",
)
@household
@sure
@click.argument("invitation")
def revoke(ask: Ask, *, invitation: str, household: str | None, yes: bool) -> Any:
    """Make an INVITATION (its id) good for nobody; a letter with it that still waits isn't sent."""
    unless_sure("Revoke this invitation?", yes=yes)
    return ask("invite.revoke", invitation=invitation, household=household)
