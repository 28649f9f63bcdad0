"""What was confirmed to people, and by whom: what must still hold at the end is read from here, not from the rules."""

from dataclasses import dataclass, field
from typing import Any

from rex_auth_edge.sync.state import Cell


@dataclass(frozen=True)
class Fact:
    """One act that was confirmed: at a hub as one of its incarnation's numbers, or at the cloud at a place."""

    node: bytes
    incarnation: int
    number: int
    act: str
    cell: Cell
    what: Any = None
    knew: frozenset[Any] = frozenset()


@dataclass
class Ledger:
    """All facts that no machine's loss has taken."""

    facts: list[Fact] = field(default_factory=list)

    def of(self, *acts: str) -> list[Fact]:
        """Those of these acts."""
        return [fact for fact in self.facts if fact.act in acts]
