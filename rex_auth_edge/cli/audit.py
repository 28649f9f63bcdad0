"""`rex-auth-edge audit`: what happened, whether the record is whole, and (in export.py) a copy of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command, household
from rex_auth_edge.cli.show import Column, Table, plain, time, when
from rex_auth_edge.cli.waiting import waiting

_COLUMNS = (
    Column("when (UTC)", time("at")),
    Column("event", "event"),
    Column("outcome", "outcome"),
    Column("by", lambda row: row["actor"] or row["actor_id"]),
    Column("about", lambda row: row["subject"] or row["subject_id"]),
    Column("from", lambda row: row["ip_address"] or row["device"]),
    Column("detail", lambda row: ", ".join(f"{name}: {plain(value)}" for name, value in row["detail"].items()) or None),
)


@click.group()
def audit() -> None:
    """What happened, on a record that shows changes."""


def _listed(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(_COLUMNS, rows, empty="Nothing of that kind happened.")


@command(audit, "list", example="rex-auth-edge audit list --user maya --event login --since 7d", answer=_listed)
@household
@click.option("--user", metavar="NAME", help="About or by this person (username, e-mail address or id).")
@click.option("--event", metavar="NAME", help="Like login, password, or key.rotate.")
@click.option("--outcome", metavar="CODE", help="success, or why it was refused.")
@click.option("--since", metavar="TIME", help="From then on: 30m, 12h or 7d ago, or 2026-12-24T18:00 (UTC).")
@click.option("--until", metavar="TIME", help="Before then.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, at most.")
def list_(ask: Ask, **wanted: Any) -> Any:
    """Show what happened, the newest first."""
    return ask("audit.list", **wanted)


def verified(ask: Ask, household: str | None) -> dict[str, Any]:
    """Follow all chains of a household; `chains` tells of each how far it holds."""
    chains = ask("audit.chains", household=household)
    with waiting("Following the audit log", sum(chain["rows"] for chain in chains)) as advance:
        followed = [_followed(ask, chain, advance) for chain in chains]
    return {
        "ok": all(each["broken"] is None for each in followed),
        "rows": sum(each["rows"] for each in followed),
        "chains": followed,
    }


def _followed(ask: Ask, chain: Mapping[str, Any], advance: Any) -> dict[str, Any]:
    rows = 0
    place: dict[str, Any] = {"seq": 0, "hash": None}
    while True:
        said = ask("audit.follow", chain=chain, **place)
        rows, place = rows + said["rows"], {"seq": said["seq"], "hash": said["hash"]}
        advance(said["rows"])
        if said["done"]:
            return {
                "node": chain["node_id"],
                "incarnation": chain["incarnation"],
                "rows": rows,
                "first": chain["first"],
                "broken": said["broken"],
                "why": said["why"] or None,
                "row": said["row"],
            }


def in_words(said: Mapping[str, Any]) -> list[str]:
    """A line for each chain that is broken, or one for all."""
    broken = [_broken(chain) for chain in said["chains"] if chain["broken"] is not None]
    older = [
        f"Rows before {chain['first']} of node {chain['node']} were removed; the others hold together."
        for chain in said["chains"]
        if chain["first"] > 1
    ]
    whole = (
        f"The audit log is whole: {said['rows']} rows in {len(said['chains'])} chain(s), each follows from the last."
    )
    return [*broken, *older] if broken else [whole, *older]


def _broken(chain: Mapping[str, Any]) -> str:
    row = chain["row"]
    what = f" ({row['event']}, {when(row['at'])} UTC)" if row else ""
    where = f"node {chain['node']}, incarnation {chain['incarnation']}"
    return f"The audit log was changed. First broken row: {chain['broken']}{what} of {where}: {chain['why']}."


@command(
    audit,
    "verify",
    example="rex-auth-edge audit verify || mail -s 'The audit log was changed' owner@example.com",
    answer=in_words,
    failed=lambda said: not said["ok"],
    exits={0: "the log is whole", 1: "it was changed (the first broken row is named), or refused"},
)
@household
def verify(ask: Ask, *, household: str | None) -> Any:
    """Recompute every chain of the household's log, and name the first row that doesn't follow from its predecessor."""
    return verified(ask, household)
