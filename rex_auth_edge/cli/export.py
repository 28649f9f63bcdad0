"""`rex-auth-edge audit export`: the whole log, with what its hashes cover."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import click

from rex_auth_edge.cli import show
from rex_auth_edge.cli.ask import Ask, asking
from rex_auth_edge.cli.audit import audit
from rex_auth_edge.cli.command import household, register
from rex_auth_edge.cli.fail import RefusedHereError, explained
from rex_auth_edge.cli.waiting import waiting


@register(audit, "export", example="rex-auth-edge audit export audit.jsonl")
@household
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="-")
def export(config: Path | None, *, as_json: bool, household: str | None, file: Path) -> None:
    """Write the household's whole log to FILE, one JSON object a line, in the order of its hashes.

    Without FILE, or with -, it is written to standard output (with --json as one array). A FILE that is there already
    is left as it is.
    """
    to_screen = str(file) == "-"
    with explained(as_json=as_json), _opened(file) as stream, asking(config) as ask:
        count = _write(stream, _rows(ask, household), array=to_screen and as_json)
    if not to_screen:
        done = {"rows": count, "file": str(file)}
        click.echo(show.as_json(done) if as_json else f"{count} rows written to {file}.")


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    """The file, made for its owner alone; taken away again where the export fails."""
    if str(file) == "-":
        yield sys.stdout
        return
    try:
        # As whoever asks, and before a command of root's goes on as the hub's user.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise RefusedHereError("file", f"{file} can't be written: {error.strerror}. Name another file.") from error
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123  a descriptor has no path
            yield stream
    except BaseException:
        with contextlib.suppress(OSError):
            file.unlink()
        raise


def _rows(ask: Ask, household: str | None) -> Iterator[Mapping[str, Any]]:
    chains = ask("audit.chains", household=household)
    with waiting("Exporting the audit log", sum(chain["rows"] for chain in chains)) as advance:
        for chain in chains:
            seq = 0
            while page := ask("audit.export", chain=chain, seq=seq):
                yield from page
                seq = page[-1]["seq"]
                advance(len(page))


def _write(stream: TextIO, rows: Iterator[Mapping[str, Any]], *, array: bool) -> int:
    count = 0
    for row in rows:
        start = ("," if count else "[") if array else ""
        stream.write(f"{start}{json.dumps(row)}\n")
        count += 1
    if array:
        stream.write("]\n" if count else "[]\n")
    return count
