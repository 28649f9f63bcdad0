"""`rex-auth-edge setup-code`: what makes the first owner."""

from collections.abc import Mapping
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household


def add_to(main: click.Group) -> None:
    """Make `setup-code` one of the group's commands."""
    command(main, "setup-code", example="rex-auth-edge setup-code", answer=_answer)(household(_shown))


def _shown(ask: Ask, *, household: str | None) -> Any:
    """Show the code with which a household that nobody owns yet gets its first owner.

    It is asked for where one registers, and stands for the mailed code. It is a new one after each start of the hub,
    and after 20 wrong guesses.
    """
    return ask("setup.show", household=household)


def _answer(said: Mapping[str, Any]) -> str:
    return f"Setup code of {said['household']}: {said['setup_code']}"
