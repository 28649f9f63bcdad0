"""Do both ends have the same? A keyed sum over the rows of a lane, in a tree, in which one difference is found quickly.

The order of the rows makes no difference, and one row's change costs one subtraction and one addition for each level.
"""

from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b
from typing import Protocol

import msgspec

from rex_auth_edge.sync.bodies import Change, Head, Row
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.state import Cell

_pack = msgspec.msgpack.Encoder().encode

FAN = 64
DEPTH = 3
"""Levels below the root: 64 ** 3 leaves hold four of a million rows each, so four questions find one that differs."""

WIDE = 1 << 128
"""Sums are kept modulo this: 16 bytes."""


Path = tuple[int, ...]
"""A branch of the tree, from the root."""


def leaf_of(cell: Cell) -> int:
    """The number of the leaf in which the cell is: its place does not depend on its content."""
    first, second, third = blake2b(cell.kind.encode() + b"\0" + cell.id, digest_size=DEPTH).digest()
    return (first % FAN * FAN + second % FAN) * FAN + third % FAN


def path_of(cell: Cell) -> Path:
    """The leaf in which the cell is."""
    leaf = leaf_of(cell)
    return leaf // FAN**2, leaf // FAN % FAN, leaf % FAN


def row_digest(key: bytes, row: Row) -> int:
    """The row's summand; without the household's key nobody can make rows whose sums come out equal."""
    whole = b"\0".join([row.kind.encode(), row.id, b"%d.%d" % row.at, row.state])
    return int.from_bytes(blake2b(whole, key=key, digest_size=16).digest())


def hash_of(rows: Iterable[Row]) -> bytes:
    """Whether two have the same rows, in the same order."""
    return blake2b(_pack(tuple(rows)), digest_size=16).digest()


def link(after: Head, lane: Lane, upto: int, changes: tuple[Change, ...]) -> Head:
    """The end that a batch leads to: each names all that came before it."""
    return Head(upto, blake2b(_pack((after, lane, upto, changes)), digest_size=16).digest())


class Sums(Protocol):
    """The sums of a lane's rows, as `Tree` makes them of all; a store keeps them as rows change."""

    @property
    def root(self) -> bytes:
        """The sum of all rows; equal ones mean equal rows."""
        ...

    def below(self, path: Path) -> tuple[bytes, ...]:
        """The sums of a branch's own branches."""
        ...


class Tree:
    """The sums of a lane's rows, for every branch."""

    def __init__(self, key: bytes, rows: Iterable[Row] = ()) -> None:
        self._key = key
        self._sums: dict[tuple[int, ...], int] = defaultdict(int)
        for row in rows:
            self.replace(None, row)

    def replace(self, old: Row | None, new: Row | None) -> None:
        """A row has changed, come (`old` is None) or gone (`new` is None)."""
        for row, sign in ((old, -1), (new, 1)):
            if row is not None:
                self._add(path_of(row.cell), sign * row_digest(self._key, row))

    def _add(self, path: tuple[int, ...], amount: int) -> None:
        for length in range(DEPTH + 1):
            self._sums[path[:length]] = (self._sums[path[:length]] + amount) % WIDE

    @property
    def root(self) -> bytes:
        """The sum of all rows; equal ones mean equal rows."""
        return self._sums[()].to_bytes(16)

    def below(self, path: tuple[int, ...]) -> tuple[bytes, ...]:
        """The sums of a branch's own branches."""
        return tuple(self._sums.get((*path, each), 0).to_bytes(16) for each in range(FAN))


def differing(mine: tuple[bytes, ...], theirs: tuple[bytes, ...]) -> list[int]:
    """The branches in which they differ."""
    return [number for number, (one, other) in enumerate(zip(mine, theirs, strict=True)) if one != other]
