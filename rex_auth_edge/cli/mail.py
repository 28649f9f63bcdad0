"""`rex-auth-edge mail`: the outbox, and whether mail arrives."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command
from rex_auth_edge.cli.show import Column, Table, time

_STATES = ("waiting", "withheld", "sent", "failed", "expired", "withdrawn")
_COLUMNS = (
    Column("letter", "id"),
    Column("household", "household"),
    Column("what", "letter"),
    Column("to", "address"),
    Column("state", "state"),
    Column("tries", "attempts", right=True),
    Column("posted (UTC)", time("created_at")),
    Column("next try (UTC)", time("due_at")),
    Column("last error", "last_error"),
)

_household = click.option("--household", metavar="SLUG", help="Only this household's letters.")


@click.group()
def mail() -> None:
    """Letters that wait, and whether mail arrives."""


def _listed(letters: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_COLUMNS, letters, empty="No letters.")


@command(mail, "list", example="rex-auth-edge mail list --state waiting --state failed", answer=_listed)
@_household
@click.option("--state", "states", type=click.Choice(_STATES), multiple=True, help="Only letters in this state.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many, at most.")
def list_(ask: Ask, *, household: str | None, states: tuple[str, ...], limit: int) -> Any:
    """Show letters, the newest first; not what they say, which is nobody's business."""
    asked: dict[str, Any] = {"states": list(states)} if states else {}
    return ask("mail.list", household=household, limit=limit, **asked)


def _retried(done: Mapping[str, Any]) -> str:
    if not done["letters"]:
        return "No letter waits."
    soon = "tried now" if done["sending"] else "tried as soon as the hub runs with a mail server"
    return f"{done['letters']} waiting {'letter is' if done['letters'] == 1 else 'letters are'} {soon}."


@command(mail, "retry", example="rex-auth-edge mail retry --all", answer=_retried)
@_household
@click.argument("letter", required=False)
@click.option("--all", "every", is_flag=True, help="All letters that wait.")
def retry(ask: Ask, *, household: str | None, letter: str | None, every: bool) -> Any:
    """Try a waiting LETTER (its id), or all, now instead of when its pause is over.

    A letter that has failed or expired can't be sent again: what it said was erased.
    """
    if every == (letter is not None):
        raise click.UsageError("Name one LETTER, or say --all.")
    return ask("mail.retry", letter=letter, household=household)


def _tested(said: Mapping[str, Any]) -> str:
    if said["result"] == "success":
        return f"{said['server']} has taken a letter to {said['address']}: look whether it arrives."
    return f"{said['server']} has not taken it ({said['result']}): {said['reason']}"


def _not_taken(said: Mapping[str, Any]) -> bool:
    return bool(said["result"] != "success")


@command(
    mail,
    "test",
    example="rex-auth-edge mail test maya@example.com",
    answer=_tested,
    failed=_not_taken,
    exits={0: "the server has taken the letter", 1: "it hasn't (what it said is printed), or refused"},
)
@click.argument("address")
def test(ask: Ask, *, address: str) -> Any:
    """Send a real letter to ADDRESS now, and say what the mail server answered."""
    return ask("mail.test", address=address)
