"""What holds for every command that there is or will be: taken from the tree of commands itself."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rex_auth_edge.cli import main
from tests.cli.consoles import Console, prepared, served

README = Path(__file__).parents[2] / "README.md"
FOR_EVER = {"serve"}
"""Commands that end when they are told to."""


def tree(group: click.Group, *above: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    for name, each in sorted(group.commands.items()):
        if isinstance(each, click.Group):
            yield from tree(each, *above, name)
        else:
            yield " ".join((*above, name)), each


COMMANDS = dict(tree(main))
every_command = pytest.mark.parametrize("name", COMMANDS)


def help_of(name: str) -> str:
    """What --help prints."""
    return CliRunner().invoke(main, [*name.split(), "--help"]).output


def example(name: str) -> list[str]:
    """The arguments of the command in the example of its help."""
    line = re.search(r"^Example: (.*)$", help_of(name), re.MULTILINE)
    assert line
    words = shlex.split(line[1])
    start = len(words) - words[::-1].index("rex-auth-edge")
    ends = [place for place, word in enumerate(words) if word in {"|", "||", "&&"} and place > start]
    return words[start : min(ends, default=None)]


def test_the_tree_has_the_groups_of_the_contract() -> None:
    """What the household's console was promised to have."""
    assert set(main.commands) == {
        *("serve", "setup-code", "household", "user", "invite", "session", "key", "mail", "audit", "db", "settings"),
        *("clock", "status", "doctor", "discover", "welcome", "device", "pass", "import", "recovery", "sync"),
    }


@every_command
def test_help_has_an_example_and_exit_codes(name: str) -> None:
    """Help says what the command does, shows one that works, and what its exit codes mean."""
    shown = help_of(name)
    assert re.search(rf"^Example: .*rex-auth-edge {name}\b", shown, re.MULTILINE)
    assert re.search(r"^Exit codes: 0 \w+", shown, re.MULTILINE)
    assert "--json" in shown
    assert COMMANDS[name].help
    assert max(map(len, shown.splitlines())) <= 120


@every_command
def test_the_example_is_good_usage(name: str) -> None:
    """The example's options and arguments are the command's own."""
    words = example(name)[len(name.split()) :]
    COMMANDS[name].make_context(name, list(words))


@every_command
def test_no_command_takes_a_secret_as_an_argument(name: str) -> None:
    """What is in the arguments, every process on the machine can read."""
    taken = {option for each in COMMANDS[name].params for option in [each.name or "", *each.opts]}
    assert {option for option in taken if re.search(r"password|secret|token|otp|pin", option)} <= {
        *("password_rule", "--password-rule", "--password-file", "passwords_home", "--passwords-home"),
    }


@pytest.fixture(scope="module")
def used(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One hub that runs, for all examples: each is good usage whatever came before."""
    with served(prepared(template, tmp_path_factory.mktemp("used") / "data")) as console:
        yield console


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - FOR_EVER))
def test_the_example_speaks_json(name: str, used: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with --json, the answer is one JSON value; or the error is, with a code, a sentence and fields at fault."""
    monkeypatch.chdir(tmp_path)
    result = used.run(*example(name), "--json", typed="Zebra-River-42!\n")
    if result.stdout:
        json.loads(result.stdout)
    else:
        error = json.loads(result.stderr)
        assert set(error) - {"fields"} == {"code", "message"}
        assert error["message"]
        assert result.exit_code in {1, 3, 4} or error["code"] == "not_confirmed"
    assert "Traceback" not in result.output


@every_command
def test_wrong_usage_is_told_to_programs_too(name: str) -> None:
    """With --json an unknown option is an error with a code; the exit code is 2 either way."""
    for wrong, read in (("--nothing", str), ("--json", json.loads)):
        told = CliRunner().invoke(main, [*name.split(), "--nothing", wrong])
        assert told.exit_code == 2
        assert "--nothing" in str(read(told.stderr))
        assert told.stdout == ""


def test_help_is_quick() -> None:
    """It imports neither the server, nor the database, nor what draws tables."""
    code = "import sys, rex_auth_edge.cli; print({'sqlalchemy', 'litestar', 'rich', 'uvicorn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_readme_lists_every_command() -> None:
    """The table of the console has a line for each command, and none for another."""
    listed = re.findall(r"^\| `rex-auth-edge ([a-z -]+?)(?:`| [\[A-Z<-])", README.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
