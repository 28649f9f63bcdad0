"""The audit log from the console: searched, verified row by row, exported."""

import json
import sqlite3
from pathlib import Path

import pytest

from rex_auth_edge.verbs import audit
from tests.cli.consoles import Console, prepared, served


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven rows are three pages."""
    monkeypatch.setattr(audit, "PAGE", 3)


def happened(console: Console, times: int = 7) -> None:
    """Something is written to the log."""
    for number in range(times):
        console.done("household", "rename", f"Home {number}")


def tamper(console: Console, statement: str) -> None:
    """Change the database behind the hub's back."""
    with sqlite3.connect(console.data_dir / "rex-auth-edge.db") as database:
        database.execute(statement)
    database.close()


@pytest.fixture(scope="module")
def eventful(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped hub's directory where seven things have happened; to be copied."""
    console = prepared(template, tmp_path_factory.mktemp("eventful") / "data")
    with served(console):
        happened(console)
    return console.data_dir


@pytest.fixture
def seven(eventful: Path, tmp_path: Path) -> Console:
    """A stopped hub where seven things have happened."""
    return prepared(eventful, tmp_path / "data")


def test_a_whole_log(seven: Console) -> None:
    """Every row follows from the one before it, whether the hub looks or the console itself."""
    with served(seven):
        said = seven.done("audit", "verify")
    assert (said["ok"], said["rows"], len(said["chains"])) == (True, 7, 1)
    assert "whole: 7 rows" in seven.said("audit", "verify")


@pytest.mark.parametrize(
    ("statement", "broken", "why"),
    [
        ("UPDATE audit SET outcome = 'refused' WHERE seq = 5", 5, "doesn't follow"),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 4", 4, "doesn't follow"),
        ("UPDATE audit SET event = 'x' WHERE seq = 1", 1, "doesn't follow"),
        ("DELETE FROM audit WHERE seq = 3", 3, "missing"),
        ("DELETE FROM audit WHERE seq = 7", 7, "recorded end"),
        ("DELETE FROM audit", 1, "recorded end"),
        ("DELETE FROM audit_heads", 8, "recorded end"),
        ("UPDATE audit_heads SET hash = zeroblob(32)", 8, "recorded end"),
    ],
)
def test_the_first_broken_row_is_named(seven: Console, statement: str, broken: int, why: str) -> None:
    """Whatever was changed, removed or cut off: exit code 1, the row's number and what is wrong with it."""
    tamper(seven, statement)
    told = seven.run("audit", "verify")
    assert told.exit_code == 1
    assert f"First broken row: {broken}" in told.stdout
    assert why in told.stdout


def test_programs_and_the_databases_check_are_told_too(seven: Console) -> None:
    """`audit verify --json` names the row with its event; `db check` follows the chains as well."""
    tamper(seven, "UPDATE audit SET outcome = 'refused' WHERE seq = 5")
    found = seven.run("audit", "verify", "--json")
    (chain,) = json.loads(found.stdout)["chains"]
    assert (found.exit_code, chain["broken"], chain["row"]["event"]) == (1, 5, "household.rename")
    checked = json.loads(seven.run("db", "check", "--json").stdout)
    assert (checked["ok"], checked["problems"], checked["audit"]["home"]["ok"]) == (False, [], False)


def test_old_rows_that_were_removed_are_told(seven: Console) -> None:
    """A log that begins later holds together from there on, and says so."""
    tamper(seven, "DELETE FROM audit WHERE seq < 4")
    said = seven.said("audit", "verify")
    assert "whole: 4 rows" in said
    assert "Rows before 4" in said


def test_search(running: Console) -> None:
    """By what, about whom, since when, how it ended; an unknown time is a sentence."""
    happened(running, 2)
    running.done("user", "add", "noor", typed="Zebra-River-42!")
    assert [row["subject"] for row in running.done("audit", "list", "--user", "noor")] == ["noor"]
    assert len(running.done("audit", "list", "--event", "household")) == 2
    assert len(running.done("audit", "list", "--event", "household.rename", "--limit", "1")) == 1
    assert running.done("audit", "list", "--event", "house") == []
    assert running.done("audit", "list", "--outcome", "not_allowed") == []
    assert len(running.done("audit", "list", "--since", "1h")) == 3
    assert running.done("audit", "list", "--until", "1h") == []
    assert running.done("audit", "list", "--since", "2999-01-01T00:00+02:00") == []
    assert running.said("audit", "list", "--until", "2001-01-01") == "Nothing of that kind happened.\n"
    refused = running.run("audit", "list", "--since", "yesterday")
    assert refused.exit_code == 1
    assert "12h" in refused.stderr


def test_export(running: Console, tmp_path: Path) -> None:
    """The whole log in order, to a private file that wasn't there, or to standard output as lines or one array."""
    happened(running)
    file = tmp_path / "audit.jsonl"
    assert running.done("audit", "export", str(file))["rows"] == 7
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, 8))
    assert len({row["hash"] for row in rows}) == 7
    assert file.stat().st_mode & 0o777 == 0o600
    assert running.said("audit", "export") == file.read_text()
    assert running.done("audit", "export") == rows
    refused = running.run("audit", "export", str(file), "--json")
    assert (refused.exit_code, json.loads(refused.stderr)["code"]) == (1, "file")
    assert len(file.read_text().splitlines()) == 7


def test_a_failed_export_leaves_nothing(stopped: Console, tmp_path: Path) -> None:
    """Half a log would look like a whole one."""
    file = tmp_path / "audit.jsonl"
    assert stopped.run("audit", "export", "--household", "nowhere", str(file)).exit_code == 4
    assert not file.exists()


def test_an_empty_log(stopped: Console) -> None:
    """Nothing has happened yet: whole, and an empty array."""
    assert stopped.done("audit", "export") == []
    assert stopped.done("audit", "verify")["ok"]
