"""A hub's database and a cloud's on the disk, and the line between them: what goes over it, and what it takes."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import sqlalchemy as sa
from msgspec import Struct

from rex_auth_edge.domain.entropy import Ids
from rex_auth_edge.exchange.mirror import audit
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.exchange.stores.cloud import SqlCloud, share
from rex_auth_edge.exchange.stores.hub import SqlHub, enrol
from rex_auth_edge.exchange.stores.scribes import CloudScribe, HubScribe
from rex_auth_edge.machine import SystemEntropy
from rex_auth_edge.storage.columns import metadata
from rex_auth_edge.storage.sqlite import configure
from rex_auth_edge.storage.tx import Node, Tx
from rex_auth_edge.sync.bodies import Page, Push
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.answer import Occasion, answer
from rex_auth_edge.sync.hub.applying import apply, read
from rex_auth_edge.sync.hub.asking import pull, push
from rex_auth_edge.sync.hub.settling import settle
from rex_auth_edge.sync.hub.welcoming import seal
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.me import HEADS, Me
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import decode, name_of
from tests.doubles import HandClock

T = TypeVar("T")

HUB, CLOUD, KEY = b"H" * 16, b"C" * 16, b"a key"
AT_ONCE = 500


class Database:
    """A file with `synchronous=FULL`, as the hub's is."""

    def __init__(self, path: Path, node: bytes) -> None:
        engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
        sa.event.listen(engine, "connect", configure)
        self.conn = engine.connect()
        tables = [table for table in metadata.sorted_tables if table.name.startswith("sync_")]
        metadata.create_all(self.conn, tables=tables)
        self._clock, self._entropy = HandClock(), SystemEntropy()
        self._ids, self._node = Ids(self._entropy), Node(UUID(bytes=node), 1)
        self.most = 0
        """Rows that the largest transaction has changed."""

    def do(self, work: Callable[[Tx], T]) -> T:
        """One transaction."""
        driver: Any = self.conn.connection.driver_connection
        driver.execute("BEGIN IMMEDIATE")
        before = driver.total_changes
        done = work(Tx(self.conn, self._clock.now(), self._entropy, self._ids, self._node))
        driver.execute("COMMIT")
        self.most = max(self.most, driver.total_changes - before)
        return done


@dataclass
class Told:
    """What went over the line, in bytes, and the processor's seconds of both ends together."""

    requests: int = 0
    changes: int = 0
    pushed: int = 0
    rows: int = 0
    pulled: int = 0
    seconds: float = 0.0


@dataclass
class Ends:
    """A household on one hub and in the cloud."""

    folder: Path
    tenant: UUID = field(default_factory=uuid4)
    told: Told = field(default_factory=Told)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.on_hub, self.in_cloud = Database(self.folder / "hub.db", HUB), Database(self.folder / "cloud.db", CLOUD)

        def found(tx: Tx) -> bytes:
            share(tx, self.tenant)
            cloud = SqlCloud(tx, self.tenant)
            keeping.enrol(cloud, HUB, KEY, b"a nonce", 0)
            cloud.flush()
            return cloud.digest_key

        key, me = self.in_cloud.do(found), Me(HUB, 1, 0, HEADS, b"a nonce", key=KEY)
        self.on_hub.do(lambda tx: enrol(tx, self.tenant, me, key, b""))
        self.push()

    def hub(self, work: Callable[[SqlHub], T]) -> T:
        """One transaction of the hub's."""

        def run(tx: Tx) -> T:
            store = SqlHub(tx, self.tenant)
            done = work(store)
            seal(store)
            store.flush()
            return done

        return self._timed(lambda: self.on_hub.do(run))

    def cloud(self, work: Callable[[SqlCloud], T]) -> T:
        """One of the cloud's."""

        def run(tx: Tx) -> T:
            store = SqlCloud(tx, self.tenant)
            done = work(store)
            store.flush()
            return done

        return self._timed(lambda: self.in_cloud.do(run))

    def _timed(self, work: Callable[[], T]) -> T:
        began = time.process_time()
        done = work()
        self.told.seconds += time.process_time() - began
        return done

    def write(self, ids: list[bytes]) -> None:
        """A row of the hub's record with each three of these in it."""
        cells = self._cells(HUB, ids)
        self.hub(lambda store: self._record(HubScribe(store), cells, ids))

    def write_in_cloud(self, ids: list[bytes]) -> None:
        """Likewise, in the cloud."""
        cells = self._cells(CLOUD, ids)
        self.cloud(lambda store: self._record(CloudScribe(store, 0, KEY), cells, ids))

    def _cells(self, node: bytes, ids: list[bytes]) -> list[Cell]:
        return [audit.cell_of(UUID(bytes=node), 1, next(self._count)) for _ in ids[::3]]

    @staticmethod
    def _record(scribe: Scribe, cells: list[Cell], ids: list[bytes]) -> None:
        scribe.prepare(cells)
        for cell, *three in zip(cells, ids[::3], ids[1::3], ids[2::3], strict=True):
            scribe.write(cell, scribe.pen().put(row=three))

    def rename(self, ids: list[bytes], name: str) -> None:
        """Another value in the same field of these cells."""
        self.hub(lambda store: self.renamed(HubScribe(store), ids, name))

    @staticmethod
    def renamed(scribe: Scribe, ids: list[bytes], name: str) -> None:
        """The same, by whoever writes."""
        for each in ids:
            scribe.write(Cell(Kind.DEVICE_PROFILE, each), scribe.pen().put(name=name))

    def push(self) -> None:
        """Until nothing waits."""
        while (raw := self.hub(push)) is not None:
            self.told.changes += len(decode(raw, Push).changes) if name_of(raw) == Push.__name__ else 0
            self.told.pushed += len(raw)
            self._ask(raw)

    def pull(self, lane: Lane = Lane.AUDIT) -> None:
        """Until there is nothing more."""
        while True:
            parts, size = self._ask(self.hub(lambda store: pull(store, lane)))
            pages = [part for part in parts if isinstance(part, Page)]
            self.told.rows += sum(len(page.rows) for page in pages)
            self.told.pulled += size
            if pages[-1].whole:
                return

    def _ask(self, raw: bytes) -> tuple[list[Struct], int]:
        said = self.cloud(lambda store: answer(Occasion(store, CLOUD, 0, os.urandom(16), KEY), HUB, KEY, raw))
        self.told.requests += 1
        parts, settled = read(said), True
        for part in parts:
            settled = self.hub(lambda store, part=part: apply(store, raw, part))  # type: ignore[misc]  # bound at once
        while not settled:
            settled = self.hub(settle)
        return parts, len(said)


def ids(count: int) -> list[bytes]:
    """Random ids."""
    return [uuid4().bytes for _ in range(count)]
