"""House rules that no lint can say: what lies where, how large it may grow, and what the locks hold."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import rex_auth_edge

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "rex_auth_edge"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-dev.lock")

TOP_LEVEL = {
    *("LICENSE", "Makefile", "README.md", "install.sh", "pyproject.toml", *LOCKS),
    *("migrations", "rex_auth_edge", "systemd", "tests"),
}
DRAWERS = {"base", "common", "helper", "helpers", "misc", "service", "services", "util", "utils"}

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
LONGER_FILES: dict[str, str] = {
    "migrations/versions/0001_core.py": "history is written once, and never grows",
}
"""Files that may pass 300 lines, each with its reason."""
LONGER_FUNCTIONS: dict[str, str] = {}
"""Functions (`path:name`) that may pass 40 lines, each with its reason."""

REGISTRY_OR_MACHINE = re.compile(r"(?:npmjs|pypi|pythonhosted)[.]\w|/(?:Users|home|root|work)/\w")


def repository_files() -> list[Path]:
    """What git keeps; a note or a log that lies about untracked is nobody's business."""
    if not (ROOT / ".git").exists():
        pytest.skip("an unpacked archive has no list of its files")
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if (path := ROOT / name).is_file()]


def modules() -> list[Path]:
    """Every Python file of the package, the migrations and the tests."""
    return sorted(path for folder in ("rex_auth_edge", "migrations", "tests") for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """The path as people write it."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length in lines of each function, without its decorators and docstring."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            yield node.name, (node.end_lineno or first.lineno) - first.lineno + 1


def locked(name: str) -> dict[str, str]:
    """Package to its entry in a lock."""
    entries = re.split(r"^(?=[A-Za-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)
    return {re.split(r"[=\s]", entry, maxsplit=1)[0]: entry for entry in entries if entry.strip()}


def test_the_top_level_holds_what_a_newcomer_expects() -> None:
    """Nothing lies at the top but the rooms, the project's own files and dotfiles."""
    tops = {path.relative_to(ROOT).parts[0] for path in repository_files()}
    assert {top for top in tops if not top.startswith(".")} - TOP_LEVEL == set()


def test_no_file_names_a_registry_or_somebodys_machine() -> None:
    """No file bears a package registry's address or a path of the machine it was written on."""
    texts = {name_of(path): path.read_bytes().decode(errors="ignore") for path in repository_files()}
    assert {name: found.group() for name, text in texts.items() if (found := REGISTRY_OR_MACHINE.search(text))} == {}


def test_there_are_no_drawers() -> None:
    """No module or folder is named for being left over."""
    parts = {part.removesuffix(".py") for path in modules() for part in path.relative_to(ROOT).parts}
    assert parts & DRAWERS == set()


def test_every_room_says_what_it_is_for() -> None:
    """Each folder with Python files of the package is a package whose docstring says its purpose."""
    rooms = {path.parent for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts}
    silent = [
        name_of(room)
        for room in rooms
        if not (room / "__init__.py").is_file() or not ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
    ]
    assert silent == []


def test_files_stay_readable() -> None:
    """No Python file passes 300 lines, but for those with a reason."""
    long = {name_of(path) for path in modules() if len(path.read_text().splitlines()) > LONGEST_FILE}
    assert long == set(LONGER_FILES)


def test_functions_stay_readable() -> None:
    """No function's body passes 40 lines, but for those with a reason."""
    long = {
        f"{name_of(path)}:{name}" for path in modules() for name, lines in functions(path) if lines > LONGEST_FUNCTION
    }
    assert long == set(LONGER_FUNCTIONS)


def test_every_test_says_what_it_shows() -> None:
    """Each test's docstring states the behaviour that it holds."""
    silent = [
        f"{name_of(path)}:{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        if not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_hashes_and_no_address(name: str) -> None:
    """Every entry is pinned and hashed, and where a package was found is not written down."""
    entries = locked(name)
    assert [package for package, entry in entries.items() if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert re.findall(r"^\s*-(?!-hash).*|\S+://\S*|file:\S*|^\S+ @ .*", (ROOT / name).read_text(), re.MULTILINE) == []


def test_the_locks_hold_every_dependency() -> None:
    """What pyproject.toml names is in the lock, and both locks agree on the version."""
    groups = PROJECT["dependency-groups"]
    runtime = PROJECT["project"]["dependencies"] + groups["build"]
    extras = [wanted for extra in PROJECT["project"]["optional-dependencies"].values() for wanted in extra]
    development = runtime + extras + [wanted for wanted in groups["dev"] if isinstance(wanted, str)]
    lock, dev_lock = locked(LOCKS[0]), locked(LOCKS[1])

    def names(wanted: list[str]) -> set[str]:
        return {re.split(r"[\[<>=;\s]", line, maxsplit=1)[0] for line in wanted}

    assert names(runtime) - lock.keys() == set()
    assert names(development) - dev_lock.keys() == set()
    pins = [{entry.split(" ", 1)[0] for entry in held.values()} for held in (lock, dev_lock)]
    assert pins[0] - pins[1] == set()


def test_the_command_and_the_module_are_the_same_thing() -> None:
    """`rex-auth-edge --version` and `python -m rex_auth_edge --version` both tell the package's version."""
    command = Path(sys.executable).with_name("rex-auth-edge")
    for program in ([sys.executable, "-m", "rex_auth_edge"], [str(command)]):
        said = subprocess.run([*program, "--version"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert rex_auth_edge.__version__ in said.split()


def test_ci_can_be_run() -> None:
    """The script that CI starts is executable in a fresh clone too."""
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
