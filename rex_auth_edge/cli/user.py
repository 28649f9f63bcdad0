"""`rex-auth-edge user`: the household's people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from rex_auth_edge.cli import secret
from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household, unless_sure
from rex_auth_edge.cli.command import yes as sure
from rex_auth_edge.cli.show import Column, Facts, Table, time, when

_ROLES = ("owner", "adult", "child", "guest")
_COLUMNS = (
    Column("username", "username"),
    Column("name", "name"),
    Column("e-mail", "email"),
    Column("role", "role"),
    Column("status", "status"),
    Column("joined (UTC)", time("joined_at")),
    Column("last sign-in (UTC)", time("last_login_at")),
)
_name = click.argument("name", metavar="NAME")


@click.group()
def user() -> None:
    """The household's people.

    NAME is a username, an e-mail address or an id.
    """


def _listed(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_COLUMNS, rows, empty="Nobody is in this household yet.")


@command(user, "list", example="rex-auth-edge user list", answer=_listed)
@household
def list_(ask: Ask, *, household: str | None) -> Any:
    """Show everybody in the household, and who is disabled or banned."""
    return ask("user.list", household=household)


def _shown(said: Mapping[str, Any]) -> Facts:
    return Facts(
        {
            "username": said["username"],
            "name": said["name"],
            "e-mail": said["email"],
            "address proven": said["email_proven"],
            "role": said["role"],
            "status": said["status"],
            "sessions": said.get("sessions"),
            "joined": f"{when(said['joined_at'])} UTC",
            "last sign-in": when(said["last_login_at"]) or "never",
            "id": said["id"],
        }
    )


@command(user, "show", example="rex-auth-edge user show maya", answer=_shown)
@household
@_name
def show(ask: Ask, *, name: str, household: str | None) -> Any:
    """Show one person."""
    return ask("user.show", user=name, household=household)


def _is_now(said: Mapping[str, Any]) -> str:
    waits = " The role waits until an owner at home confirms it." if said.get("waits") else ""
    return f"{said['username']} is {said['role']}, {said['status']}.{waits}"


@command(user, "add", example="rex-auth-edge user add noor --role child --password-file noor.txt", answer=_is_now)
@household
@click.argument("username")
@click.option("--role", type=click.Choice(_ROLES), default="child", show_default=True, help="What they may do.")
@click.option("--first-name", help="How they are called.")
@click.option("--last-name", help="Their family's name.")
@secret.from_file
def add(ask: Ask, *, source: Path | None, **fields: Any) -> Any:
    """Add somebody without an e-mail address, such as a child; the password is asked for, or read.

    Whoever has an address of their own is better invited: then nobody else knows their password.
    """
    return ask("user.add", password=secret.password(source), **fields)


@command(user, "role", example="rex-auth-edge user role noor adult", answer=_is_now)
@household
@_name
@click.argument("role", type=click.Choice(_ROLES))
def role(ask: Ask, *, name: str, role: str, household: str | None) -> Any:
    """Give NAME another ROLE; a lower one ends their sessions. The last owner stays one."""
    return ask("user.role", user=name, role=role, household=household)


@command(user, "disable", example="rex-auth-edge user disable noor --yes", answer=_is_now)
@household
@sure
@_name
def disable(ask: Ask, *, name: str, household: str | None, yes: bool) -> Any:
    """End all sessions of NAME, and let them sign in nowhere until they are enabled."""
    unless_sure(f"Disable {name} and end their sessions?", yes=yes)
    return ask("user.disable", user=name, household=household)


@command(user, "enable", example="rex-auth-edge user enable noor", answer=_is_now)
@household
@_name
def enable(ask: Ask, *, name: str, household: str | None) -> Any:
    """Let a disabled person sign in again."""
    return ask("user.enable", user=name, household=household)


@command(user, "unban", example="rex-auth-edge user unban maya", answer=_is_now)
@household
@_name
def unban(ask: Ask, *, name: str, household: str | None) -> Any:
    """Lift every ban of NAME that wrong passwords have brought, on all devices."""
    return ask("user.unban", user=name, household=household)


def _reset(said: Mapping[str, Any]) -> list[str]:
    until = when(said["expires_at"])
    return [f"Hand {said['username']} this link; it is good once, until {until} UTC:", said["link"]]


@command(user, "reset", example="rex-auth-edge user reset maya --yes", answer=_reset)
@household
@sure
@_name
def reset(ask: Ask, *, name: str, household: str | None, yes: bool) -> Any:
    """End all sessions of NAME, and show a link with which they choose a new password; they are told by mail."""
    unless_sure(f"End the sessions of {name} and make a link for a new password?", yes=yes)
    return ask("user.reset", user=name, household=household)


def _removed(said: Mapping[str, Any]) -> str:
    return f"{said['username']} is not in the household any more."


@command(user, "remove", example="rex-auth-edge user remove noor --yes", answer=_removed)
@household
@sure
@_name
def remove(ask: Ask, *, name: str, household: str | None, yes: bool) -> Any:
    """Take NAME out of the household for good, with their picture, devices and sessions; the audit log stays."""
    unless_sure(f"Remove {name} for good?", yes=yes)
    return ask("user.remove", user=name, household=household)
