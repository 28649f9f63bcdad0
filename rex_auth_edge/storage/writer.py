"""SQLite's only writer: commits what waits in one durable transaction, and does what can be done on a bad disk.

A full disk, or a damaged file, is closed to ordinary writes. Urgent ones are then tried one by one, on a full disk with
the reserve. Where reading or writing fails everybody is refused, and the file is opened anew for the next try: after a
failed fsync nobody knows what is on the disk, this connection included.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from rex_auth_edge.storage.faults import Fault, fault_of, of_the_disk, reason
from rex_auth_edge.storage.space import Space
from rex_auth_edge.storage.store import StorageFullError, StorageUnavailableError, nothing
from rex_auth_edge.storage.tx import Tx

_FULL = "The disk is full, and what is left is kept for revocations: make room."
_DAMAGED = "The database is damaged: stop the hub, keep the file, and put back a copy; the next start says how."

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Item:
    """One flow and who waits for it. `outcome` is (result, None) or (None, error) once it has run."""

    work: Callable[[Tx], Any]
    urgent: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    tx: Tx | None = None
    result: Any = None
    error: BaseException | None = None


class Writer:
    """One connection, used from one thread. `begin` makes a transaction of it, told whether the disk is full.

    `finish` is called in a flow's savepoint, after it, where it has touched something.

    `fault` is what the file or the disk has been found to be: damaged stays, failing until a write has worked.
    """

    def __init__(
        self,
        engine: sa.Engine,
        space: Space,
        begin: Callable[[sa.Connection, bool], Tx],
        finish: Callable[[Tx], None] = nothing,
    ) -> None:
        self._engine = engine
        self._space = space
        self._begin = begin
        self._finish = finish
        self._connection: sa.Connection | None = engine.connect()
        self.fault: Fault | None = None

    def do(self, items: Sequence[Item]) -> None:
        """Write, and answer everybody."""
        closed = self._closed()
        failure = closed or self._commit(items)
        if failure is None:
            return
        apart = self._space.full or self.fault is Fault.DAMAGED
        _answer_all([item for item in items if not (apart and item.urgent)], failure)
        for item in items if apart else ():
            if item.urgent:
                self._alone(item)

    def close(self) -> None:
        """Move the log into the file, where that is possible, and let go of it."""
        self._checkpoint("TRUNCATE")
        self._drop()

    def _closed(self) -> StorageUnavailableError | None:
        """Why ordinary writes are refused, if they are."""
        if self._space.look():
            return StorageFullError(_FULL)
        return StorageUnavailableError(_DAMAGED) if self.fault is Fault.DAMAGED else None

    def _alone(self, item: Item) -> None:
        """An urgent write on a bad disk, as long as there is any reserve left to try with."""
        failure = self._commit([item])
        while isinstance(failure, StorageFullError) and self._space.give():
            self._checkpoint("PASSIVE")  # after which the log starts over, in the room that it has
            failure = self._commit([item])
        if failure is not None:
            _answer_all([item], failure)

    def _commit(self, items: Sequence[Item]) -> StorageUnavailableError | None:
        """Write in one transaction and answer; where that fails, nobody is answered, and it says why."""
        committing = False
        try:
            connection = self._opened()
            raw = _driver(connection)
            before = raw.total_changes
            raw.execute("BEGIN IMMEDIATE")
            for item in items:
                self._attempt(connection, raw, item)
            committing = True
            raw.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  whatever it was, everybody who waits is told
            return self._failed(items, error, committing=committing)
        if self.fault is Fault.FAILING and raw.total_changes != before:
            self.fault = None
        for item in items:
            _publish(item)
        _answer_all(items, None)
        return None

    def _attempt(self, connection: sa.Connection, raw: Any, item: Item) -> None:
        """Run one flow in its savepoint; what it raises is its own caller's, and undoes nothing else."""
        raw.execute("SAVEPOINT flow")
        item.error, item.tx = None, self._begin(connection, self._space.full)
        try:
            item.result = item.work(item.tx)
            if item.tx.touched:
                self._finish(item.tx)
        except BaseException as error:
            item.error = StorageUnavailableError(reason(error)) if of_the_disk(error) else error
            if fault_of(error) is not None or not raw.in_transaction:  # SQLite may have undone everything
                raise
            raw.execute("ROLLBACK TO flow")
        raw.execute("RELEASE flow")

    def _failed(self, items: Sequence[Item], error: Exception, *, committing: bool) -> StorageUnavailableError:
        fault = fault_of(error)
        if self._connection is not None:
            with suppress(sqlite3.Error):
                _driver(self._connection).execute("ROLLBACK")
        if fault is Fault.FULL:
            self._space.ran_out()
            _log.warning("The disk was too full for a transaction of %d writes.", len(items))
            return StorageFullError(reason(error))
        _log.error("A transaction of %d writes could not be committed.", len(items), exc_info=error)
        if committing:
            _publish_doubts(items)
        self.found(fault)
        self._drop()
        return StorageUnavailableError(reason(error))

    def found(self, fault: Fault | None) -> None:
        """A read or a write has met a fault; a damaged file doesn't mend itself."""
        if fault in {Fault.DAMAGED, Fault.FAILING} and self.fault is not Fault.DAMAGED:
            self.fault = fault

    def _opened(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sa.exc.DBAPIError, sqlite3.Error):
                self._connection.invalidate()
            with suppress(sa.exc.DBAPIError, sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _checkpoint(self, how: str) -> None:
        """What it can't do now, the next commit or the next start does."""
        with suppress(sa.exc.DBAPIError, sqlite3.Error):
            _driver(self._opened()).execute(f"PRAGMA wal_checkpoint({how})")


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def _publish(item: Item) -> None:
    if item.error is None and item.tx is not None:
        _call(item.tx.after_commit)


def _publish_doubts(items: Sequence[Item]) -> None:
    for item in items:
        if item.error is None and item.tx is not None:
            _call(item.tx.in_doubt)


def _call(callbacks: Sequence[Callable[[], None]]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:  # noqa: BLE001  it is logged, and there is a next time
            _log.exception("What was to follow a commit failed.")


def _answer_all(items: Sequence[Item], failure: StorageUnavailableError | None) -> None:
    """Wake each loop once for all of its callers: a wake-up costs as much as a statement."""
    for loop in {item.loop for item in items}:
        with suppress(RuntimeError):  # the callers' loop is closed: nobody waits
            loop.call_soon_threadsafe(_answer_those_of, loop, items, failure)


def _answer_those_of(
    loop: asyncio.AbstractEventLoop, items: Sequence[Item], failure: StorageUnavailableError | None
) -> None:
    for item in items:
        if item.loop is loop:
            _answer(item, failure)


def _answer(item: Item, failure: StorageUnavailableError | None) -> None:
    if item.future.done():
        return
    error = failure or item.error
    if isinstance(error, StopIteration):  # no future takes one, and its caller would wait for ever
        item.future.set_exception(RuntimeError("A flow let StopIteration out."))
    elif error is not None:
        item.future.set_exception(error)
    else:
        item.future.set_result(item.result)
