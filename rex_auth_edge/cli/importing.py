"""`rex-auth-edge import`: a REX-47 database moves in."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rex_auth_edge.cli import secret
from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command
from rex_auth_edge.cli.fail import RefusedHereError
from rex_auth_edge.cli.show import Column, Shown, Table, counted
from rex_auth_edge.cli.waiting import waiting

if TYPE_CHECKING:
    from rex_auth_edge.moving.source import Source

PAGE = 25
"""People that go over the hub's socket at a time."""
_PATIENCE = 120.0
_SAID = {
    "username_changed": "has another username: {username}",
    "email_taken": "has no address: somebody of the household has {email}",
    "email_invalid": "has no address: {email} is none",
    "email_unverified": "has never proven the address: a reset of the password by mail does",
    "never_verified": "is left out: the address was never proven, and can't be theirs here",
    "password_unusable": "needs a new password: the hash is none of Argon2's",
    "banned_for_good": "is banned for good, as before",
    "banned_for_a_while": "is banned for a while yet, as before",
}
_COLUMNS = (
    Column("id", "person"),
    Column("username", "username"),
    Column("household", "household"),
    Column("what to know", "said"),
)


def add_to(main: click.Group) -> None:
    """Make `import` one of the group's commands."""
    example = "rex-auth-edge import --source sqlite:////srv/rex-47/app.db --into home"
    exits = {1: "refused, cut off, or the source can't be read (the reason is printed)"}
    made = command(main, "import", example=example, exits=exits, answer=_answer)
    made(_options(_import))


def _options(function: Any) -> Any:
    for option in (
        click.option("--apply", is_flag=True, help="Do it; without this it is only said what would be done."),
        click.option("--each", is_flag=True, help="Every tenant of the source becomes a household of its own."),
        click.option("--into", metavar="SLUG", help="Everybody moves into this household, as adults."),
        secret.from_file,
        click.option("--source", "url", required=True, metavar="URL", help="sqlite:///FILE or mysql://USER@HOST/NAME."),
    ):
        function = option(function)
    return function


def _import(ask: Ask, *, url: str, source: Path | None, into: str | None, each: bool, apply: bool) -> dict[str, Any]:
    """Move the people of a REX-47 database in; their passwords stay theirs.

    The source is only read. Without --apply nothing is written here either. It can be run again at any time: who was
    moved in before stays as they are, and what was cut off is finished.
    """
    from rex_auth_edge.moving.source import opened  # noqa: PLC0415 - `--help` doesn't pay for it

    if (into is None) is not each:
        raise click.UsageError("Say where to: --into SLUG for all of them, or --each for every tenant.")
    with opened(_url(url, source)) as found:
        outcomes: list[dict[str, Any]] = []
        try:
            outcomes += _moved(ask, found, into, dry=not apply)
        except KeyboardInterrupt:
            raise RefusedHereError("cut_off", _cut_off(len(outcomes), found.people, dry=not apply)) from None
        content = {"dry_run": not apply, "source": {"tenants": found.tenants, "people": found.people}}
    return content | _summary(outcomes)


def _cut_off(done: int, people: int, *, dry: bool) -> str:
    if dry:
        return "Cut off. Nothing was written."
    of = counted(people, "person", "people")
    return f"Cut off after {done} of {of}: who was moved in stays so. Run it again to go on."


def _url(text: str, source: Path | None) -> Any:
    """The source's address, with the password out of its file."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - `--help` doesn't pay for it
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        url = make_url(text)
    except ArgumentError:
        raise RefusedHereError(
            "invalid_field", "--source is no URL: sqlite:///FILE or mysql://USER@HOST/NAME."
        ) from None
    if url.password is not None:
        raise RefusedHereError("invalid_field", "Others can read arguments: put the password in a --password-file.")
    backend = url.get_backend_name()
    if not url.database:
        raise RefusedHereError("invalid_field", "--source names no database: sqlite:///FILE or mysql://USER@HOST/NAME.")
    if backend == "sqlite":
        return url
    if backend not in {"mysql", "mariadb"}:
        raise RefusedHereError("invalid_field", "--source is a database of SQLite, MySQL or MariaDB.")
    return url.set(drivername="mysql+asyncmy", password=secret.password(source) if source else None)


def _moved(ask: Ask, source: "Source", into: str | None, *, dry: bool) -> Iterator[dict[str, Any]]:
    given: dict[str, set[str]] = {}
    with waiting("Looking" if dry else "Moving in", source.people) as advance:
        for page in source.pages(PAGE):
            spoken_for = sorted(_spoken_for(given, page)) if dry and into else []
            arguments = {"source": source.name, "people": page, "into": into, "spoken_for": spoken_for, "dry": dry}
            outcomes = ask("moving.people", patience=_PATIENCE, **arguments)
            for person, outcome in zip(page, outcomes, strict=True):
                _give(given, outcome)
                yield outcome | {"asked": {name: person[name] for name in ("tenant", "username", "email")}}
            advance(len(page))


def _give(given: dict[str, set[str]], outcome: Mapping[str, Any]) -> None:
    """Remember the names that a dry run would have given, as a page of its own can't see those of others."""
    for name in (outcome["username"], outcome["email"]) if outcome["result"] == "moved" else ():
        if name:
            given.setdefault(_stem(name), set()).add(_folded(name))


def _spoken_for(given: Mapping[str, set[str]], page: Iterable[Mapping[str, Any]]) -> set[str]:
    names = (person[field] for person in page for field in ("username", "email"))
    return {name for text in names for name in given.get(_stem(text), ())}


def _folded(name: str) -> str:
    from rex_auth_edge.domain.names import email_key, username_key  # noqa: PLC0415

    return email_key(name) if "@" in name else username_key(name)


def _stem(name: str) -> str:
    """A name without the number that tells it from others."""
    folded = _folded(name)
    before, dash, number = folded.rpartition("-")
    return before if dash and number.isdigit() else folded


def _summary(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    results = Counter(outcome["result"] for outcome in outcomes)
    founded = {outcome["asked"]["tenant"] for outcome in outcomes if outcome["founded"]}
    counts = {name: results[name] for name in ("moved", "before", "left_out")}
    return counts | {
        "households": len(founded),
        "notices": [each for outcome in outcomes for each in _notices(outcome)],
    }


def _notices(outcome: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = {"username": outcome["username"], "email": outcome["asked"]["email"]}
    return [
        {
            "person": outcome["person"],
            "username": outcome["asked"]["username"],
            "household": outcome["household"],
            "what": note,
            "said": _SAID[note].format(**names),
        }
        for note in outcome["notes"]
    ]


def _answer(said: Mapping[str, Any]) -> list[Shown]:
    def done(count: int) -> str:
        return "would be" if said["dry_run"] else "was" if count == 1 else "were"

    source, moved, before, left, made = (said[name] for name in ("source", "moved", "before", "left_out", "households"))
    people, tenants = counted(source["people"], "person", "people"), counted(source["tenants"], "tenant", "tenants")
    lines: list[Shown] = [
        f"The source has {people} in {tenants}.",
        f"{moved} {done(moved)} moved in, {counted(made, 'household', 'households')} {done(made)} made.",
        f"{before} {'was' if before == 1 else 'were'} here from an earlier run, {left} {done(left)} left out.",
    ]
    if said["notices"]:
        lines.append(Table(_COLUMNS, said["notices"]))
    return [*lines, *(["Nothing was written. To do it, say --apply."] if said["dry_run"] else [])]
