"""`rex-auth-edge recovery`: for a household whose owners are all locked out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rex_auth_edge.cli import secret
from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household
from rex_auth_edge.cli.show import Facts, Shown, when


@click.group()
def recovery() -> None:
    """Recovery by the secret of the hub's label, after a day in which any owner can stop it."""


def _label(said: Mapping[str, Any]) -> Shown:
    if said["label_secret"] is None:
        return "There is a secret already: --again makes another, and the old one is good for nothing then."
    return f"Label's secret: {said['label_secret']}\nWrite it down and keep it with the hub: it is shown this once."


@command(recovery, "label", example="rex-auth-edge recovery label --again", answer=_label)
@click.option("--again", is_flag=True, help="Also where there is one; that one is void then.")
def label(ask: Ask, *, again: bool) -> Any:
    """Make the secret for the hub's label: shown this once, kept as a keyed hash."""
    return ask("recovery.label", again=again)


def _started(said: Mapping[str, Any]) -> Shown:
    return Facts({"code": said["recovery_code"], "due": f"{when(said['due_at'])} UTC"})


@command(recovery, "start", example="rex-auth-edge recovery start", answer=_started)
@household
@click.option("--label-file", "source", type=click.Path(path_type=Path), help="Read the label's secret from here.")
def start(ask: Ask, *, source: Path | None, household: str | None) -> Any:
    """Begin a recovery with the label's secret, which is asked for: everybody is told, and any owner can stop it."""
    return ask("recovery.start", label_secret=secret.password(source, "The label's secret"), household=household)


def _status(said: Mapping[str, Any]) -> Shown:
    found = said["recovery"]
    if found is None:
        return "No recovery is under way."
    times = {"started": f"{when(found['started_at'])} UTC", "due": f"{when(found['due_at'])} UTC"}
    return Facts(times | {"from": found["asked_from"] or "console"})


@command(recovery, "status", example="rex-auth-edge recovery status", answer=_status)
@household
def status(ask: Ask, *, household: str | None) -> Any:
    """Show whether a recovery is under way."""
    return ask("recovery.status", household=household)


@command(recovery, "veto", example="rex-auth-edge recovery veto", answer=lambda _: "Stopped.")
@household
def veto(ask: Ask, *, household: str | None) -> Any:
    """Stop the recovery that is under way."""
    return ask("recovery.veto", household=household)
