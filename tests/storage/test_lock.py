"""One program at a time on a data directory."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rex_auth_edge.storage.lock import DataDirInUseError, DataDirLock

HOLDER = """
import sys, pathlib
from rex_auth_edge.storage.lock import DataDirLock
with DataDirLock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_refused(tmp_path: Path) -> None:
    """While one holds the directory another is told which it is and what to do; afterwards it may have it."""
    with DataDirLock(tmp_path):
        with pytest.raises(DataDirInUseError, match="stop it first") as refused, DataDirLock(tmp_path):
            pass
        assert str(tmp_path) in str(refused.value)
    with DataDirLock(tmp_path):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """The kernel lets go when a process dies, so nobody has to remove a file by hand."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(DataDirInUseError), DataDirLock(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
    with DataDirLock(tmp_path):
        pass
