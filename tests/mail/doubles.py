"""A carrier and a store that a test can disturb."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import TypeVar

import sqlalchemy as sa

from rex_auth_edge.mail.carrier import Delivered, Outcome
from rex_auth_edge.storage.faults import Fault
from rex_auth_edge.storage.store import StorageUnavailableError, Store, nothing
from rex_auth_edge.storage.tx import Tx

T = TypeVar("T")


@dataclass
class Carrier:
    """Takes letters; `then` happens after each, and may raise. `busy` is true while a connection would be open."""

    then: Callable[[EmailMessage], None] = lambda _message: None
    took: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    batches: list[int] = field(default_factory=list)
    busy: bool = False

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """As a server that takes everything."""
        self.batches.append(len(messages))
        self.busy = True
        try:
            for message in messages:
                self.took.append(str(message["To"]))
                self.then(message)
                self.arrived.set()
                yield Delivered()
        finally:
            self.busy = False


@dataclass
class Ailing:
    """A store that fails to write once it is told to."""

    store: Store
    broken: bool = False

    def __post_init__(self) -> None:
        self.node = self.store.node
        self.finish: Callable[[Tx], None] = nothing

    @property
    def trouble(self) -> Fault | None:
        """See `Store.trouble`."""
        return Fault.FAILING if self.broken else self.store.trouble

    async def write(self, work: Callable[[Tx], T], *, urgent: bool = False) -> T:
        """See `Store.write`."""
        if self.broken:
            raise StorageUnavailableError("The disk is full.")
        return await self.store.write(work, urgent=urgent)

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """See `Store.read`."""
        return await self.store.read(query)

    async def close(self) -> None:
        """See `Store.close`."""
