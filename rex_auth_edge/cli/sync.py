"""`rex-auth-edge sync`: a household and its cloud."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rex_auth_edge.cli import secret
from rex_auth_edge.cli.ask import Ask, Look
from rex_auth_edge.cli.command import command, unless_sure, wants_json, yes
from rex_auth_edge.cli.command import household as which
from rex_auth_edge.cli.fail import EXIT_PAUSED
from rex_auth_edge.cli.show import Column, Shown, Table, counted, plain
from rex_auth_edge.cli.waiting import following, waiting

_HOURS = 4 * 3600.0
"""Seconds that a month's changes may take, on the slowest of lines."""
ASKED = 90.0
"""Seconds that the hub may take to ask where a code leads: thrice, if nobody answers."""
_LOOK = 0.5
_STUCK = 60
"""Looks after which nothing goes on by itself any more."""
_REVIEWS = (
    Column("waits", "id"),
    Column("would", "what"),
    Column("by", "by"),
    Column("because", "why"),
    Column("since", "when"),
)
_NOTICES = (Column("notice", "id"), Column("what was decided", "says"), Column("when", "when"))


@click.group()
def sync() -> None:
    """A household and its cloud: nothing confirmed is lost, nothing revoked comes back.

    What is done here counts here at once, also while the cloud can't be reached, and goes there by itself. Where both
    sides have done what doesn't go together, one rule decides for both, and whom it concerns is told.
    """


def _status(said: Mapping[str, Any]) -> list[Shown]:
    return [said["summary"], *said["sentences"]]


def _left(said: Mapping[str, Any]) -> int:
    return sum(said["waiting"].values())


def _sent(ask: Ask, said: Any, household: str | None) -> Any:
    """How it stands once nothing waits any more, or nothing goes on."""
    total = left = _left(said)
    with waiting("Sending what the household has", total) as advance:
        looks = 0
        while said["running"] and left and looks < _STUCK and not (said["trouble"] or said["paused"]):
            time.sleep(_LOOK)
            said = ask("sync.status", household=household)
            looks = looks + 1 if _left(said) >= left else 0
            advance(max(0, left - _left(said)))
            left = _left(said)
    return said


@command(sync, "enroll", example="rex-auth-edge sync enroll https://cloud.example.com", answer=_status)
@which
@yes
@click.argument("url", required=False)
@click.option("--owner", metavar="NAME", help="Who here is the owner that made the code, where no proven address says.")
@click.option("--code-file", "source", type=click.Path(path_type=Path), help="Read the claim code from here.")
def enroll(
    ask: Ask, *, url: str | None, owner: str | None, source: Path | None, yes: bool, household: str | None
) -> Any:
    """Share the household with the cloud at URL (or REX_CLOUD_URL), by a claim code that an owner has made there.

    The code is asked for, or read from a file or standard input; before it is used you see where it leads. Whoever
    made it is the same person here: NAME, or the owner with the same address where both have proven it; their sessions
    here end, and the cloud's name, address and password are theirs. What both sides have is put together.
    """
    given: dict[str, Any] = {
        "url": url,
        "code": secret.line(source, "Claim code"),
        "owner": owner,
        "household": household,
    }
    where = ask("sync.look", patience=ASKED, **given)
    if not wants_json():
        click.echo("\n".join(plain(line) for line in leading(where)), err=True)
    unless_sure("Share this hub's household with them?", yes=yes)
    said = ask("sync.enroll", patience=_HOURS, **given, there=where["household"])
    return _sent(ask, said, household)


def leading(where: Mapping[str, Any]) -> list[str]:
    """Where a claim code leads, and what it means to follow it."""
    who = f"{where['owner']} ({where['address']})" if where["address"] else where["owner"]
    lines = [
        f"The code leads to the household {where['name']} at {where['cloud']}; {who} made it.",
        "Its owners will see and decide here what this hub's owners do; its people can sign in here, and ours there.",
    ]
    if where["again"]:
        lines.append(
            "It shares one already. It goes on with a new key, as if it were put back from a backup: everybody who has "
            "signed in here is signed out, and invitations that were made here are over."
        )
    elif where["becomes"]:
        lines.append(
            f"{where['becomes']} here is one person with them from then on, and goes by the cloud's name and password."
        )
    elif where["alike"]:
        lines.append(f"{where['alike']} here gives the same address, unproven: --owner {where['alike']} if it is them.")
    else:
        lines.append(
            "Nobody who owns this hub is known to be them: go on only if you asked them for the code. If it is you, "
            "say which owner you are here: --owner NAME."
        )
    return lines


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


def _undone(said: Mapping[str, Any]) -> int:
    return EXIT_PAUSED if said["paused"] else bool(said["trouble"])


@command(
    sync,
    "now",
    example="rex-auth-edge sync now",
    answer=_status,
    failed=_undone,
    exits={1: "refused, or the cloud didn't do it", EXIT_PAUSED: "nothing was sent or asked: it is paused here"},
)
@which
def now(ask: Ask, *, household: str | None) -> Any:
    """Synchronise at once, without waiting for the next attempt; what is paused stays so."""
    with following("Synchronising: changes sent") as told:
        most = 0

        def tell(said: Mapping[str, Any]) -> None:
            nonlocal most
            most = max(most, said["waiting"])
            told(most - said["waiting"], most)

        look = Look("sync.progress", {"household": household}, tell)
        return ask.looking(look, "sync.now", _HOURS, {"household": household})


@command(sync, "pause", example="rex-auth-edge sync pause", answer=_status)
@which
def pause(ask: Ask, *, household: str | None) -> Any:
    """Send and ask nothing until `sync resume`; what is done here waits, and what is revoked elsewhere isn't heard."""
    return ask("sync.pause", pause=True, household=household)


@command(sync, "resume", example="rex-auth-edge sync resume", answer=_status)
@which
def resume(ask: Ask, *, household: str | None) -> Any:
    """Go on after `sync pause`."""
    return ask("sync.pause", pause=False, household=household)


@command(sync, "forget", example="rex-auth-edge sync forget --yes", answer=_status)
@which
@yes
def forget(ask: Ask, *, yes: bool, household: str | None) -> Any:
    """Leave the cloud: the household stays on this hub as it is, and what waits isn't sent.

    In the cloud the hub stays listed until an owner removes it there.
    """
    unless_sure("Leave the cloud? What waits is never sent.", yes=yes)
    return ask("sync.forget", household=household)


def _verified(said: Mapping[str, Any]) -> list[Shown]:
    mended = said["repaired"]
    were = f"{counted(mended, 'difference', 'differences')} with the cloud {'was' if mended == 1 else 'were'} mended."
    lines: list[Shown] = [were if mended else "Both ends are the same."]
    differing = said["differing"]
    lines += [f"This hub's tables contradict {each['kind']} {each['id']}." for each in differing]
    return lines if differing else [*lines, "This hub's tables say what was agreed on."]


@command(
    sync,
    "verify",
    example="rex-auth-edge sync verify",
    answer=_verified,
    failed=lambda said: not said["ok"],
    exits={1: "refused, or something differs that could not be mended"},
)
@which
def verify(ask: Ask, *, household: str | None) -> Any:
    """Compare everything: with the cloud, whose part counts where both differ, and with this hub's own tables."""
    with following("Comparing with the cloud: nodes of digests") as told:
        look = Look("sync.progress", {"household": household}, lambda said: told(said["compared"], said["known"]))
        return ask.looking(look, "sync.verify", _HOURS, {"household": household})


@command(
    sync,
    "rotate",
    example="rex-auth-edge sync rotate",
    answer=_status,
    failed=_undone,
    exits={1: "refused, or the cloud hasn't heard of it yet"},
)
@which
def rotate(ask: Ask, *, household: str | None) -> Any:
    """Make the hub another key to sign with, for which the old one vouches; it does so itself every 90 days."""
    return ask("sync.rotate", patience=_HOURS, household=household)
