"""The table of kinds: what is in it is written by somebody, and read by somebody."""

import ast
from collections.abc import Iterator
from pathlib import Path

import rex_auth_edge
from rex_auth_edge.sync.kinds import RULES, Kind

ROOT = Path(rex_auth_edge.__file__).parent
WRITES = {"Wish", "write", "own", "Follow"}
READS = {"state", "field", "value", "revoked", "subjects", "bearing", "of_kind"}


def functions() -> Iterator[ast.AST]:
    """All that tell and read cells."""
    for room in ("sync", "exchange"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield node


def calls(function: ast.AST) -> set[str]:
    """What a function calls."""
    found = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in found}


def kinds(function: ast.AST) -> set[str]:
    """Which kinds it names, or whose cells it makes by a function for that."""
    attributes = (node for node in ast.walk(function) if isinstance(node, ast.Attribute))
    named = {each.attr for each in attributes if isinstance(each.value, ast.Name) and each.value.id == "Kind"}
    return named | ({"KEY"} if "key_cell" in calls(function) else set()) | ({"POLICY"} if _policy(function) else set())


def _policy(function: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "CELL" for node in ast.walk(function))


def test_every_kind_has_a_writer_and_a_reader() -> None:
    """A kind that nobody writes, or nobody reads, is a promise that nobody keeps."""
    written, read = set[str](), set[str]()
    for function in functions():
        called = calls(function)
        written |= kinds(function) if called & WRITES else set()
        read |= kinds(function) if called & READS else set()
    every = set(Kind.__members__)
    assert (every - written, every - read) == (set(), set())
    assert RULES.keys() == set(Kind)
