"""`rex-auth-edge sync`: a household and its cloud."""

from collections.abc import Mapping
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, unless_sure, yes
from rex_auth_edge.cli.command import household as which
from rex_auth_edge.cli.show import Column, Shown, Table

_REVIEWS = (Column("waits", "id"), Column("would", "what"), Column("by", "by"), Column("because", "why"))
_NOTICES = (Column("notice", "id"), Column("what was decided", "says"))


@click.group()
def sync() -> None:
    """A household and its cloud: nothing confirmed is lost, nothing revoked comes back.

    What is done here counts here at once, also while the cloud can't be reached, and goes there by itself. Where both
    sides have done what doesn't go together, one rule decides for both, and whom it concerns is told.
    """


def _status(said: Mapping[str, Any]) -> list[Shown]:
    return [said["summary"], *said["sentences"]]


@command(sync, "status", example="rex-auth-edge sync status", answer=_status)
@which
def status(ask: Ask, *, household: str | None) -> Any:
    """Show what waits, when the cloud was last reached, since when both agree, and what there is to do."""
    return ask("sync.status", household=household)


def _reviews(said: Mapping[str, Any]) -> list[Shown]:
    shown: list[Shown] = [Table(_REVIEWS, said["held"], empty="No change waits for an owner.")]
    return [*shown, "", Table(_NOTICES, said["told"])] if said["told"] else shown


@command(sync, "reviews", example="rex-auth-edge sync reviews", answer=_reviews)
@which
def reviews(ask: Ask, *, household: str | None) -> Any:
    """Show changes that wait for an owner, with why they do, and what was decided against somebody."""
    return ask("sync.reviews", household=household)


@command(
    sync,
    "confirm",
    example="rex-auth-edge sync confirm 0199a1b2-0000-7000-8000-000000000000 --yes",
    answer=lambda _: "Done.",
)
@which
@yes
@click.argument("named", metavar="ID")
def confirm(ask: Ask, *, named: str, yes: bool, household: str | None) -> Any:
    """Do what waits as ID (see `sync reviews`), as if an owner did it here and now."""
    unless_sure("Do what waits?", yes=yes)
    return ask("sync.confirm", which=named, household=household)


@command(
    sync,
    "dismiss",
    example="rex-auth-edge sync dismiss 0199a1b2-0000-7000-8000-000000000000 --yes",
    answer=lambda _: "Dismissed.",
)
@which
@yes
@click.argument("named", metavar="ID")
def dismiss(ask: Ask, *, named: str, yes: bool, household: str | None) -> Any:
    """Let what waits as ID (see `sync reviews`) be for good; show a notice to nobody any more."""
    unless_sure("Dismiss it for good?", yes=yes)
    return ask("sync.dismiss", which=named, household=household)
