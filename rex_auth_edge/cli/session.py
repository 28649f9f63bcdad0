"""`rex-auth-edge session`: who is signed in, and from where."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household, unless_sure
from rex_auth_edge.cli.command import yes as sure
from rex_auth_edge.cli.show import Column, Table, time

_COLUMNS = (
    Column("session", "number"),
    Column("who", "username"),
    Column("device", "device"),
    Column("address", "ip_address"),
    Column("since (UTC)", time("created_at")),
    Column("last used (UTC)", time("last_seen_at")),
)
_user = click.option("--user", metavar="NAME", help="Only this person's (username, e-mail address or id).")


@click.group()
def session() -> None:
    """Who is signed in, and from where."""


def _listed(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_COLUMNS, rows, empty="Nobody is signed in.")


@command(session, "list", example="rex-auth-edge session list --user maya", answer=_listed)
@household
@_user
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many, at most.")
def list_(ask: Ask, *, user: str | None, household: str | None, limit: int) -> Any:
    """Show the household's sessions, the latest used first."""
    return ask("session.list", user=user, household=household, limit=limit)


def _ended(said: Mapping[str, Any]) -> str:
    return f"{said['ended']} {'session has' if said['ended'] == 1 else 'sessions have'} ended."


@command(session, "end", example="rex-auth-edge session end 4503599627370496 --yes", answer=_ended)
@household
@sure
@click.argument("session")
def end(ask: Ask, *, session: str, household: str | None, yes: bool) -> Any:
    """End one SESSION (its number or id); its tokens are refused from that moment."""
    unless_sure("End this session?", yes=yes)
    return ask("session.end", session=session, household=household)


@command(session, "end-all", example="rex-auth-edge session end-all --user maya --yes", answer=_ended)
@household
@_user
@sure
def end_all(ask: Ask, *, user: str | None, household: str | None, yes: bool) -> Any:
    """End all sessions of a person, or without --user of everybody in the household."""
    whose = f"all sessions of {user}" if user else "all sessions of everybody in the household"
    unless_sure(f"End {whose}?", yes=yes)
    return ask("session.end_all", user=user, household=household)
