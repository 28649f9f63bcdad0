"""What the console prints: tables that fit the terminal, facts one below the other, or JSON."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import click

_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_WIDE = 2000
"""Columns where nobody looks: what a program reads is never cut or folded."""
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, and what of a row it shows."""

    head: str
    of: str | Callable[[Mapping[str, Any]], Any]
    right: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; `empty` is said where there are none."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    empty: str = "None."


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values, one pair a line; what is None isn't shown."""

    pairs: Mapping[str, Any] = field(default_factory=dict)


Shown = str | Table | Facts


def counted(count: int, one: str, several: str) -> str:
    """`1 person`, `2 people`."""
    return f"{count} {one if count == 1 else several}"


def as_json(content: object) -> str:
    """For programs: one line."""
    return json.dumps(content)


def out(*parts: Shown) -> None:
    """Print for a person."""
    for part in parts:
        match part:
            case str():
                click.echo(part)
            case Facts(pairs):
                _facts(pairs)
            case Table():
                _table(part)


def _facts(pairs: Mapping[str, Any]) -> None:
    shown = {name: value for name, value in pairs.items() if value is not None}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        click.echo(f"{name:<{width}}  {plain(value)}")


def _table(table: Table) -> None:
    from rich import box  # noqa: PLC0415 - 70 ms that `--help` and JSON do without
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table as Drawn  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if not table.rows:
        click.echo(table.empty)
        return
    drawn = Drawn(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        drawn.add_column(column.head, justify="right" if column.right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(plain(_cell(row, column))) for column in table.columns))
    console = Console(width=_width(), markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def _cell(row: Mapping[str, Any], column: Column) -> Any:
    return row.get(column.of) if isinstance(column.of, str) else column.of(row)


def _width() -> int:
    return shutil.get_terminal_size((_WIDE, 0)).columns


def plain(value: object) -> str:
    """A value in words, without what would steer the terminal: names and user agents are strangers' choice."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def when(text: str | None) -> str | None:
    """An RFC 3339 time as people read it, in UTC."""
    return None if text is None else f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"


def time(name: str) -> Callable[[Mapping[str, Any]], str | None]:
    """A column's value that is a time."""
    return lambda row: when(row[name])


def size(count: int | None) -> str | None:
    """Bytes as people read them."""
    if count is None:
        return None
    amount, unit = float(count), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def lasting(seconds: int | None) -> str | None:
    """A length of time, by its two largest units."""
    if seconds is None:
        return None
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def qr(text: str) -> str:
    """A text for a phone's camera, in half blocks."""
    import segno  # noqa: PLC0415 - only where one is drawn

    drawn = io.StringIO()
    segno.make(text, micro=False, error="l").terminal(drawn, compact=True)
    return drawn.getvalue()
