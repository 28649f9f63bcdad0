"""Consoles for the tests: on a hub that runs, on one that is stopped, and on both in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rex_auth_edge.settings import load
from tests.cli.consoles import SETTINGS, Console, prepared, served


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as the first start leaves it; to be copied."""
    data_dir = tmp_path_factory.mktemp("template") / "data"
    load(SETTINGS | {"REX_DATA_DIR": str(data_dir)})
    made = Console(data_dir)
    assert made.done("db", "upgrade")["changed"]
    assert made.done("household", "list")[0]["slug"] == "home"
    return data_dir


@pytest.fixture
def stopped(template: Path, tmp_path: Path) -> Console:
    """A console where no hub runs."""
    return prepared(template, tmp_path / "data")


@pytest.fixture
def running(stopped: Console) -> Iterator[Console]:
    """A console where a hub runs."""
    with served(stopped):
        yield stopped


@pytest.fixture(params=["running", "stopped"])
def console(request: pytest.FixtureRequest) -> Console:
    """A console, once of each kind."""
    made: Console = request.getfixturevalue(request.param)
    return made
