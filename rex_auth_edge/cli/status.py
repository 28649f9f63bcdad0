"""`rex-auth-edge status`: how the hub is, on one screen."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command
from rex_auth_edge.cli.show import Column, Facts, Shown, Table, lasting, size, when

_HOUSEHOLDS = (
    Column("household", "slug"),
    Column("name", "name"),
    Column("owned", "claimed"),
    Column("members", "members", right=True),
    Column("sessions", "sessions", right=True),
)


def add_to(main: click.Group) -> None:
    """Make `status` one of the group's commands."""
    exits = {0: "the hub is ready", 1: "it isn't, or doesn't run"}
    command(
        main, "status", example="rex-auth-edge status --json | jq .ready", answer=_answer,
        failed=lambda said: not said["ready"], exits=exits,
    )(_status)  # fmt: skip


def _status(ask: Ask) -> Any:
    """Show version, addresses, households, letters, keys, disk and clock, and whether the hub is ready."""
    return ask("status.show")


def _answer(said: Mapping[str, Any]) -> list[Shown]:
    return [Facts(dict(_facts(said))), "", Table(_HOUSEHOLDS, said["households"], empty="No household.")]


def _facts(said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "rex-auth-edge", f"{said['version']}, {said['role']}{', development' if said['development'] else ''}"
    yield "state", _state(said)
    yield "address", f"{said['url']} (listens at {said['listens']}{', TLS' if said['tls'] else ', no TLS'})"
    yield "name", said.get("host", "")
    if said.get("authority"):
        yield "authority", f"{said['authority']} (SHA-256 of the household's CA)"
    if said["data_dir"]:
        yield "data", said["data_dir"]
    yield "database", _database(said["database"])
    disk = said["disk"]
    if said["data_dir"]:
        yield "disk", f"{size(disk['free'])} free of {size(disk['total'])}" if disk else "can't be asked"
    yield "clock", f"{when(said['clock']['now'])} UTC, {said['clock']['state']}: {said['clock']['why']}"
    yield "mail", f"by {said['mail']['server']}" if said["mail"]["enabled"] else "no server is set; letters wait"
    yield "letters", _letters(said)
    key = said["keys"]
    age = "" if key["age_days"] is None else f", {key['age_days']} days old"
    yield "key", f"{key['algorithm']} {key['signing']}{age}, {key['published']} published"


def _state(said: Mapping[str, Any]) -> str:
    if not said["running"]:
        return "not running"
    count, seconds = said.get("processes"), said["uptime_seconds"]
    up = f"for {lasting(seconds)}" if count is None else f"{count} process{'' if count == 1 else 'es'}"
    return (
        f"ready, {up}"
        if said["ready"]
        else f"NOT READY ({', '.join(' '.join(each) for each in said['failing'].items())}), {up}"
    )


def _database(database: Mapping[str, Any]) -> str:
    size_said = "" if database["bytes"] is None else f", {size(database['bytes'])}"
    return f"{database['kind']}, schema {database['schema']}{size_said}"


def _letters(said: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in said["outbox"].items() if count) or "none"
    eldest = said["eldest_letter_seconds"]
    return counts if eldest is None else f"{counts}; the eldest has waited for {lasting(eldest)}"
