"""The README's door, as a process."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rex_auth_edge import machine

ROOT = Path(__file__).parents[2]


def section() -> str:
    """What README.md says to who builds a device."""
    return (ROOT / "README.md").read_text().partition("## A device's own program")[2].partition("\n## ")[0]


class Door:
    """The program, running."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, line: str) -> str:
        """Give it a line; the line that it answers."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line)
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def door(folder: Path, *within: str) -> Iterator[Door]:
    """Start the README's program, perhaps within a network of its own."""
    (code,) = re.findall(r"```python\n(.*?)```", section(), re.DOTALL)
    env = dict(machine.environment()) | {"PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [*within, sys.executable, "-c", code], cwd=folder, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    try:
        yield Door(process)
    finally:
        process.kill()
        process.communicate()
