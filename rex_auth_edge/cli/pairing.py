"""`rex-auth-edge device window`, `asks`, `approve`, `deny`: devices that ask to be let in."""

from collections.abc import Mapping
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household, unless_sure
from rex_auth_edge.cli.command import yes as sure
from rex_auth_edge.cli.show import Column, Facts, Shown, Table, out, plain, time, when


def _place(row: Mapping[str, Any]) -> str:
    where = "at home" if row["at_home"] else "OUTSIDE of the home's network"
    return f"{plain(row['asked_from'] or '?')} ({where})"


_ASKS = (
    Column("asks", "id"),
    Column("name", "name"),
    Column("kind", "kind"),
    Column("scopes", lambda row: " ".join(row["scopes"]) or "-"),
    Column("from", _place),
    Column("until (UTC)", time("expires_at")),
    Column("compare", lambda row: " ".join(row["compare"]) or "the code that it shows"),
)


def add_to(device: click.Group) -> None:
    """Make these commands of the group."""
    example = "rex-auth-edge device window --for 5m"
    command(device, "window", example=example, answer=_window_said)(_window)
    command(device, "asks", example="rex-auth-edge device asks", answer=_listed)(_asks)
    example = "rex-auth-edge device approve WDJB-MJHT --yes"
    command(device, "approve", example=example, answer=_approved)(_approve)
    example = "rex-auth-edge device deny WDJB-MJHT"
    command(device, "deny", example=example, answer=lambda _: "It is refused.")(_deny)


@household
@click.option("--for", "open_for", metavar="TIME", help="Open it for so long, from 3m to 15m.")
@click.option("--close", is_flag=True, help="Close it, and refuse the devices that wait.")
def _window(ask: Ask, *, open_for: str | None, close: bool, household: str | None) -> Any:
    """Show whether devices may ask to be let in; open pairing for some minutes and 20 tries, or close it."""
    if open_for and close:
        raise click.UsageError("Say --for or --close, not both.")
    if open_for:
        return ask("pairing.open", open_for=open_for, household=household)
    return ask("pairing.close" if close else "pairing.show", household=household)


def _window_said(said: Mapping[str, Any]) -> list[Shown]:
    facts = {"until": f"{when(said['closes_at'])} UTC", "tries left": said["tries_left"]} if said["open"] else {}
    return [f"{said['message']}.", Facts(facts)]


@household
def _asks(ask: Ask, *, household: str | None) -> Any:
    """Show which devices ask to be let in, and from where. Compare the six words, where a device shows six."""
    return ask("pairing.asks", household=household)


def _listed(said: Any) -> list[Shown]:
    return [Table(_ASKS, said, empty="No device asks.")]


@household
@sure
@click.argument("code", nargs=-1, required=True)
@click.option("--name", help="Another name than its own.")
@click.option("--room", help="Another room; an empty text is none.")
@click.option("--scope", "scopes", multiple=True, help="The scopes that it gets, of those that it asks for.")
@click.option("--no-scopes", is_flag=True, help="Give it no scopes.")
def _approve(
    ask: Ask, *, code: tuple[str, ...], yes: bool, scopes: tuple[str, ...], no_scopes: bool, household: str | None,
    **wanted: Any,
) -> Any:  # fmt: skip
    """Let the device in that shows CODE: its letters, its four words, or the six words that both sides show."""
    typed = " ".join(code)
    found = ask("pairing.look", code=typed, household=household)
    if not yes:
        out(_facts(found))
    unless_sure("Let it in?", yes=yes)
    kept = list(scopes) if scopes or no_scopes else None
    return ask("pairing.approve", ask=found["id"], code=typed, scopes=kept, household=household, **wanted)


def _approved(said: Mapping[str, Any]) -> list[Shown]:
    return ["It is let in, and comes with its next question.", _facts(said)]


@household
@click.argument("code", nargs=-1, required=True)
def _deny(ask: Ask, *, code: tuple[str, ...], household: str | None) -> Any:
    """Refuse the device that shows CODE, or has this id in `device asks`."""
    typed = " ".join(code)
    asked = [each["id"] for each in ask("pairing.asks", household=household) if each["id"] == typed]
    found = asked[0] if asked else ask("pairing.look", code=typed, household=household)["id"]
    return ask("pairing.deny", ask=found, household=household)


def _facts(said: Mapping[str, Any]) -> Facts:
    return Facts({
        "name": said["name"], "kind": said["kind"], "room": said["room"],
        "scopes": " ".join(said["scopes"]) or "none", "from": _place(said), "since": f"{when(said['asked_at'])} UTC",
    })  # fmt: skip
