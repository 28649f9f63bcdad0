"""`sync` on the console: how it fails, for people and for programs."""

import json
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from rex_auth_edge.cli import ask
from rex_auth_edge.cli.sync import _undone
from tests.cli.consoles import Console
from tests.cli.consoles import served as serving


def test_a_refusal_names_the_field(stopped: Console, tmp_path: Path) -> None:
    """With --json what is at fault stands beside the code, so that programs needn't read sentences."""
    code = tmp_path / "code"
    code.write_text("0000-0000")
    refused = stopped.run("sync", "enroll", "http://cloud.example", "--code-file", str(code), "--json")
    said = json.loads(refused.stderr)
    assert (refused.exit_code, said["code"], said["fields"]) == (1, "invalid_field", {"url": "not an address"})
    assert "https://" in said["message"]


@pytest.mark.parametrize("served", [False, True])
def test_what_is_no_text(stopped: Console, tmp_path: Path, *, served: bool) -> None:
    """A code in bytes that aren't UTF-8 is told to whoever has given it, by the command itself."""
    with serving(stopped) if served else nullcontext():
        refused = stopped.run("sync", "enroll", "https://cloud.example", "--owner", "\udcff\udcfe", "--json", typed="A")
    said = json.loads(refused.stderr)
    assert (refused.exit_code, said["code"], "UTF-8" in said["message"]) == (1, "invalid_field", True)


def test_a_list_of_commands_says_what_each_does(stopped: Console) -> None:
    """Also of those that are the cloud's."""
    listed = stopped.run("sync", "--help").output
    assert [line for line in listed.splitlines() if line.endswith("In the cloud.")] == []
    assert "In the cloud, show the household's hubs" in listed


@pytest.mark.parametrize("served", [False, True])
def test_how_far_it_is_is_asked_meanwhile(stopped: Console, monkeypatch: pytest.MonkeyPatch, *, served: bool) -> None:
    """Of a hub that runs over its socket, else between the steps on its database; a verb that is over ends that."""
    monkeypatch.setattr(ask, "LOOK_AGAIN", 0.0)
    told, heard = [], threading.Event()

    def tell(said: object) -> None:
        told.append(said)
        heard.set()

    with serving(stopped) if served else nullcontext(), ask.asking(None) as asked:
        for name, value in stopped.settings.items():
            monkeypatch.setenv(name, value)
        while not heard.is_set():
            asked.looking(ask.Look("sync.progress", {}, tell), "household.list", 60, {})
    assert told[0] == {"waiting": 0, "compared": 0, "known": 0}


@pytest.mark.parametrize(
    ("said", "exit_code"),
    [
        ({"paused": True, "trouble": None}, 5),
        ({"paused": True, "trouble": "busy"}, 5),
        ({"paused": False, "trouble": "busy"}, 1),
        ({"paused": False, "trouble": None}, 0),
    ],
)
def test_what_now_comes_to(said: dict[str, object], exit_code: int) -> None:
    """Paused is neither done nor refused."""
    assert _undone(said) == exit_code
