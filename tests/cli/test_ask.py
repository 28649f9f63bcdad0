"""How a command finds its hub, what it says where there is none, and as whom it works."""

import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from rex_auth_edge.cli import ask, main
from rex_auth_edge.control import socket_in
from rex_auth_edge.storage.lock import DataDirLock
from tests.cli.consoles import SETTINGS, Console
from tests.processes import run


def test_what_a_killed_hub_left_is_no_hub(stopped: Console) -> None:
    """A socket that nobody listens on: the command works on the database."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_in(stopped.data_dir)))
    assert stopped.done("household", "list")[0]["slug"] == "home"


def test_a_hub_that_starts_is_waited_for(stopped: Console) -> None:
    """Between its lock and its socket; another command that works on the database is waited for likewise."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with DataDirLock(stopped.data_dir):
            held.set()
            done.wait(0.5)

    holding = threading.Thread(target=hold)
    holding.start()
    assert held.wait(5)
    assert stopped.done("household", "list")[0]["slug"] == "home"
    holding.join()


def test_a_hub_that_never_listens(stopped: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory stays taken, so the command says by whom, with exit code 3."""
    monkeypatch.setattr(ask, "_STARTING", 0.0)
    with DataDirLock(stopped.data_dir):
        refused = stopped.run("household", "list", "--json")
    assert refused.exit_code == 3
    assert json.loads(refused.stderr)["code"] == "data_dir_in_use"


def test_nowhere(tmp_path: Path) -> None:
    """A directory where no hub has been isn't made into an empty one."""
    nowhere = Console(tmp_path / "none")
    refused = nowhere.run("user", "list")
    assert refused.exit_code == 3
    assert "REX_DATA_DIR" in refused.stderr
    assert not (tmp_path / "none").exists()


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    """Without knowing the directory there is nothing to ask."""
    refused = Console(tmp_path).run("user", "list", "--json", REX_DATA_DIR="")
    assert refused.exit_code == 3
    assert json.loads(refused.stderr)["code"] == "settings"


def test_the_file_of_settings_finds_the_hub(stopped: Console, tmp_path: Path) -> None:
    """--config names the directory where the environment doesn't."""
    file = tmp_path / "hub.toml"
    file.write_text(f'rex_data_dir = "{stopped.data_dir}"\n')
    environ = SETTINGS | {"REX_DATA_DIR": None}
    found = CliRunner().invoke(main, ["household", "list", "--json", "--config", str(file)], env=environ)
    assert json.loads(found.stdout)[0]["slug"] == "home"


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter."""
    directory = Path(tempfile.mkdtemp(prefix="rex-owner-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_root_goes_on_as_the_directorys_owner(stopped: Console, open_directory: Path) -> None:
    """What root makes in the data directory belongs to the hub's user; a file that root names is written by root."""
    data_dir = shutil.copytree(stopped.data_dir, open_directory / "data")
    for path in (data_dir, *data_dir.iterdir()):
        os.chown(path, 65534, 65534)
    export = open_directory / "audit.jsonl"
    assert run(data_dir, "household", "rename", "Ours").returncode == 0
    done = run(data_dir, "audit", "export", str(export))
    assert done.returncode == 0, done.stderr
    assert {path.stat().st_uid for path in data_dir.iterdir()} == {65534}
    assert (export.stat().st_uid, len(export.read_text().splitlines())) == (0, 1)
