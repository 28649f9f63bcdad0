"""What the rest of the program sees of a database: writes in transactions, reads on a snapshot."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.storage.tx import Tx

T = TypeVar("T")

_UNAVAILABLE = Refused(
    Code.STORAGE_UNAVAILABLE, "The hub can't reach its storage at the moment; try again shortly", retry_after=5
)


class StorageUnavailableError(RefusedError):
    """The database can't be written or read now; nothing of the transaction was kept.

    `reason` is a sentence for whoever runs the hub; callers over HTTP are told less.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(_UNAVAILABLE)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Store(Protocol):
    """One database, SQLite with one writer or MariaDB with a pool."""

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in a transaction, and return its result once it is durable.

        Raises what `work` raises (the transaction is then undone), or StorageUnavailableError.
        """
        ...

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run `query` on a consistent snapshot. Raises StorageUnavailableError."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then release files and connections."""
        ...
