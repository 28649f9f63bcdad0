"""`rex-auth-edge key`: the keys that sign access tokens."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command
from rex_auth_edge.cli.show import Column, Table, time, when

_COLUMNS = (
    Column("key", "kid"),
    Column("algorithm", "algorithm"),
    Column("state", "state"),
    Column("signs from (UTC)", time("signs_from")),
    Column("days old", "age_days", right=True),
)


@click.group()
def key() -> None:
    """The keys that sign access tokens."""


def _listed(keys: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_COLUMNS, keys)


@command(key, "list", example="rex-auth-edge key list", answer=_listed)
def list_(ask: Ask) -> Any:
    """Show the key that signs, those to come, and those that still verify tokens they have signed."""
    return ask("key.list")


def _rotated(made: Mapping[str, Any]) -> str:
    return f"New {made['algorithm']} key {made['kid']}; it signs from {when(made['signs_from'])} UTC."


@command(key, "rotate", example="rex-auth-edge key rotate --json", answer=_rotated)
@click.option(
    "--now", is_flag=True, help="Sign with the new key at once, without waiting until verifiers have fetched it."
)
@click.option(
    "--leaked", is_flag=True, help="Somebody else may have the old ones: refuse at once whatever they have signed."
)
def rotate(ask: Ask, *, now: bool, leaked: bool) -> Any:
    """Make a new signing key; tokens signed by the old one stay good until they expire, unless it has leaked.

    The new key is published at once and signs after 5 minutes, when every verifier has fetched it.
    """
    return ask("key.rotate", now=now, leaked=leaked)
