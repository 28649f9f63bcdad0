"""What the rest of the program sees of a database: writes in transactions, reads on a snapshot."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.storage.faults import Fault
from rex_auth_edge.storage.tx import Node, Tx

T = TypeVar("T")

_UNAVAILABLE = Refused(
    Code.STORAGE_UNAVAILABLE, "The hub can't reach its storage at the moment; try again shortly", retry_after=5
)
FULL = Refused(
    Code.STORAGE_FULL,
    "The hub's disk is full: signing out still works, everything else has to wait until somebody has made room",
    retry_after=30,
)


class StorageUnavailableError(RefusedError):
    """The database can't be written or read now. Whether anything of the transaction was kept can't be relied on.

    `reason` is a sentence for whoever runs the hub; callers over HTTP are told less.
    """

    def __init__(self, reason: str, refused: Refused = _UNAVAILABLE) -> None:
        super().__init__(refused)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class StorageFullError(StorageUnavailableError):
    """The disk is full, and what is left of it is kept for revocations."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, FULL)


def nothing(_tx: Tx) -> None:
    """Nobody else has to hear of what a flow has done."""


class Store(Protocol):
    """One database, SQLite with one writer or MariaDB with a pool."""

    @property
    def trouble(self) -> Fault | None:
        """What is wrong with the disk, as far as the latest reads and writes have shown."""
        ...

    node: Node
    """Who writes here from the next transaction on."""
    finish: Callable[[Tx], None]
    """Called after a flow that has touched something, in its transaction: what it raises undoes the flow."""

    async def write(self, work: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """Run `work` in a transaction, and return its result once it is durable.

        `urgent` is what takes away somebody's access, or room: on a full disk it goes on, from a reserve. It may be run
        more than once; only its last run counts.

        Raises what `work` raises (the transaction is then undone), or StorageUnavailableError.
        """
        ...

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run `query` on a consistent snapshot. Raises StorageUnavailableError."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then release files and connections."""
        ...
