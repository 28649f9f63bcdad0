"""The table of kinds: what is in it is written by somebody, and read by somebody, and is decided as its row says."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import rex_auth_edge
from rex_auth_edge.sync import verdict
from rex_auth_edge.sync.house import House, Over
from rex_auth_edge.sync.kinds import Decided, Kind
from rex_auth_edge.sync.outcome import Verdict
from rex_auth_edge.sync.state import Cell, Incoming, State
from tests.sync.simulation.world import World

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


class Watched(Over):
    """A household that notes which kinds' cells a rule looks at, but for the one that it decides."""

    def __init__(self, house: House, decided: Cell, seen: set[str]) -> None:
        super().__init__(house)
        self._decided, self._seen = decided, seen

    def state(self, cell: Cell) -> State:
        """See `House`."""
        self._seen |= set() if cell == self._decided else {cell.kind}
        return super().state(cell)

    def subjects(self, kind: str) -> Iterable[bytes]:
        """See `House`."""
        self._seen.add(kind)
        return super().subjects(kind)

    def bearing(self, kind: str, field: str, value: Any) -> Iterable[bytes]:
        """See `House`."""
        self._seen.add(kind)
        return super().bearing(kind, field, value)


def test_a_rule_decides_each_kind_of_which_its_row_says_so() -> None:
    """What is taken as it is has no rule, and all else has one."""
    assert verdict._DECIDE.keys() == {kind for kind in Kind if kind.facts.decided is not Decided.FREELY}


def test_what_rules_look_at_is_said_in_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub decides anew all that others are decided by: of a kind that its row hides it would show what is over."""
    looked: dict[str, set[str]] = defaultdict(set)

    def watched(rule: Any) -> Any:
        def decide(change: Incoming, house: House) -> Verdict:
            return cast(Verdict, rule(change, Watched(house, change.cell, looked[change.cell.kind])))

        return decide

    monkeypatch.setattr(verdict, "_DECIDE", {kind: watched(rule) for kind, rule in verdict._DECIDE.items()})
    for seed in range(3000, 3020):
        World(seed).run(120)
    others = {kind for kind, seen in looked.items() if seen} | set().union(*looked.values())
    assert others == {kind for kind in Kind if kind.facts.decided is Decided.BY_OTHERS}
