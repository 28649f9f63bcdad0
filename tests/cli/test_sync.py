"""`sync` on the console: how it fails, for people and for programs."""

import json
from pathlib import Path

import pytest

from rex_auth_edge.cli.sync import _undone
from tests.cli.consoles import Console


def test_a_refusal_names_the_field(stopped: Console, tmp_path: Path) -> None:
    """With --json what is at fault stands beside the code, so that programs needn't read sentences."""
    code = tmp_path / "code"
    code.write_text("0000-0000")
    refused = stopped.run("sync", "enroll", "http://cloud.example", "--code-file", str(code), "--json")
    said = json.loads(refused.stderr)
    assert (refused.exit_code, said["code"], said["fields"]) == (1, "invalid_field", {"url": "not an address"})
    assert "https://" in said["message"]


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
