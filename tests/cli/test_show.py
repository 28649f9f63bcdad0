"""What is printed: it fits, it steers no terminal, and it says what it is."""

import os
import re
import shutil
import unicodedata
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rex_auth_edge.cli import show
from rex_auth_edge.cli.show import Column, Facts, Table
from tests.cli.consoles import Console

COLUMNS = (Column("name", "name"), Column("device", "device"), Column("number", "number", right=True))


def printed(*parts: show.Shown, columns: int = 80) -> str:
    """What comes out on a terminal of that width."""

    @click.command()
    def command() -> None:
        show.out(*parts)

    result = CliRunner().invoke(command, env={"COLUMNS": str(columns)}, catch_exceptions=False)
    return result.stdout


rows = st.lists(
    st.fixed_dictionaries({"name": st.text(max_size=200), "device": st.text(max_size=200), "number": st.integers()}),
    min_size=1,
    max_size=3,
)


@given(rows, st.integers(40, 200))
def test_any_table_fits_and_steers_nothing(rows: list[dict[str, Any]], columns: int) -> None:
    """Whatever strangers call themselves: no line is wider than the terminal, no control character gets there."""
    out = printed(Table(COLUMNS, rows), columns=columns)
    assert all(cell_len(line) <= columns for line in out.split("\n"))
    assert {char for char in out if unicodedata.category(char) == "Cc"} <= {"\n"}


@given(st.text())
def test_no_text_turns_the_reading_around(text: str) -> None:
    """Neither escape sequences nor marks of direction."""
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", show.plain(text))


def test_a_table_says_when_it_is_empty() -> None:
    """A head without rows would look like a fault."""
    assert printed(Table(COLUMNS, [], empty="Nobody.")) == "Nobody.\n"


def test_markup_is_only_text() -> None:
    """A user agent in brackets is no colour."""
    assert "[red]x[/red] :smile:" in printed(Table(COLUMNS, [{"name": "[red]x[/red] :smile:"}]))


def test_programs_get_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no terminal says its width, nothing is folded."""
    monkeypatch.setattr(shutil, "get_terminal_size", os_size)
    out = printed(Table(COLUMNS, [{"name": "n" * 300, "device": "d" * 300, "number": 1}]))
    assert len(out.splitlines()) == 2


def os_size(fallback: tuple[int, int] = (80, 24)) -> os.terminal_size:
    """What a pipe is as wide as."""
    return os.terminal_size(fallback)


def test_facts() -> None:
    """One below the other; what isn't there isn't shown."""
    assert printed(Facts({"name": "maya", "e-mail": None, "banned": False})) == "name    maya\nbanned  no\n"


def test_values_in_words() -> None:
    """Lengths of time by two units, sizes by one, times without their fractions."""
    assert [show.lasting(seconds) for seconds in (0, 59, 3_600, 90_061, None)] == [
        "0 s",
        "59 s",
        "1 h",
        "1 d 1 h",
        None,
    ]
    assert [show.size(count) for count in (0, 1023, 1024, 5 * 2**30, None)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "5.0 GiB",
        None,
    ]
    assert show.when("2026-12-24T18:00:01.123Z") == "2026-12-24 18:00:01"
    assert [show.plain(value) for value in (None, True, {"a": 1})] == ["-", "yes", '{"a": 1}']


@pytest.mark.parametrize("columns", ["40", "80"])
def test_lists_fit_the_terminal(running: Console, columns: str) -> None:
    """Every list of a household that has something in it."""
    running.done("user", "add", "noor", "--first-name", "Noor", typed="Zebra-River-42!")
    running.done("invite", "create", "--email", "someone.with.a.long.address@example.com", "--name", "Omar")
    for group in ("household", "user", "invite", "session", "key", "mail", "audit"):
        out = running.run(group, "list", COLUMNS=columns).stdout
        assert max(map(len, out.splitlines())) <= int(columns), group
    out = running.run("settings", "show", COLUMNS=columns).stdout
    assert max(map(len, out.splitlines())) <= int(columns)
