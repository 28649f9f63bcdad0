"""Whole hubs and a cloud with real rows, whose cells are kept in memory and pass by hand from one to the other."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.mirror import adopt, capture, differences
from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.tx import Node as Identity
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.bodies import Page, Refusal
from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.hub.store import HubStore
from rex_auth_edge.sync.hub.view import View
from rex_auth_edge.sync.hub.writing import next_tag, write
from rex_auth_edge.sync.order import Lane, Position
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, State
from tests import blank
from tests.doubles import HandClock, SeededEntropy
from tests.exchange.everything import capture_all
from tests.hub import Household, household
from tests.sync.simulation.chance import Chance
from tests.sync.simulation.machines import CLOUD, CloudMachine, HubMachine

_MOST = 50
"""Requests until nothing is new; more means that it never ends."""


class Live:
    """What a hub goes by, at each moment."""

    def __init__(self, store: HubStore) -> None:
        self._store, self._at, self._view = store, store.me(), View(store)

    def __getattr__(self, name: str) -> Any:
        if self._store.me() is not self._at:
            self._at, self._view = self._store.me(), View(self._store)
        return getattr(self._view, name)


@dataclass
class HubScribe:
    """Writes a hub's changes into memory."""

    machine: HubMachine

    @property
    def node(self) -> bytes:
        """The hub."""
        return self.machine.id

    @property
    def house(self) -> House:
        """What it goes by."""
        return Live(self.machine.store)

    def prepare(self, cells: Iterable[Cell]) -> None:
        """Nothing to do: they are in memory."""

    def pen(self) -> Pen:
        """For the next change."""
        return Pen(next_tag(self.machine.store), self.machine.store.me().whole)

    def write(self, cell: Cell, state: State, actor: bytes | None = None) -> None:
        """Write it."""
        write(self.machine.store, cell, state, actor)


@dataclass
class CloudScribe:
    """Writes the cloud's own changes into memory."""

    machine: CloudMachine
    at: Position | None = None

    node = CLOUD

    @property
    def house(self) -> House:
        """What the cloud has."""
        return self.machine.store

    @property
    def _ordering(self) -> Ordering:
        return Ordering(self.machine.store, CLOUD, self.machine.now, b"key")

    def prepare(self, cells: Iterable[Cell]) -> None:
        """Nothing to do: they are in memory."""

    def pen(self) -> Pen:
        """For the next change, which has its place already."""
        self.at = self._ordering.next()
        return Pen(self._ordering.tag(self.at), (self.at,) * 4, self.at)

    def write(self, cell: Cell, state: State, actor: bytes | None = None) -> None:
        """Write it."""
        assert self.at
        self._ordering.own(cell, state, self.at, actor)


@dataclass
class Node:
    """One node: its rows and its flows, and beside them the household's cells."""

    home: Household
    machine: HubMachine | CloudMachine
    written: list[Cell] = field(default_factory=list)

    @property
    def tenant(self) -> UUID:
        """The household's id here."""
        return self.home.hub.parts.home

    @property
    def scribe(self) -> HubScribe | CloudScribe:
        """Who writes here."""
        return HubScribe(self.machine) if isinstance(self.machine, HubMachine) else CloudScribe(self.machine)

    @property
    def house(self) -> House:
        """What is in force here."""
        return self.scribe.house

    async def begin(self) -> None:
        """Capture what is there, and from now on what is done."""
        parts = self.home.hub.parts

        def everything(tx: Tx) -> None:
            with self.machine.store.disk.transaction():
                self._write(tx, capture_all(tx, parts, self.scribe, self.tenant), self.cells())

        await self.home.store.write(everything)
        self.home.store.finish = self._finish

    def _finish(self, tx: Tx) -> None:
        """What a flow has touched is captured, and whatever was decided otherwise is adopted again."""
        while touches := tx.touched.pop(self.tenant, None):
            with self.machine.store.disk.transaction():
                before = self.cells()
                written = capture(tx, self.home.hub.parts, self.scribe, self.tenant, touches)
                self._write(tx, written, before)

    def _write(self, tx: Tx, written: set[Cell], before: dict[Cell, State]) -> None:
        self.written += sorted(written)
        adopt(tx, self.home.hub.parts, self.tenant, self.house, written | self.changed(before))

    def cells(self) -> dict[Cell, State]:
        """All that is in force."""
        house = self.house
        named = set(self.machine.store.disk.table("rows"))
        if isinstance(self.machine, HubMachine):
            named |= {entry.cell for entry in self.machine.store.entries()}
        return {cell: house.state(cell) for cell in named}

    def changed(self, before: dict[Cell, State]) -> set[Cell]:
        """Which cells have changed since."""
        now = self.cells()
        return {cell for cell in before.keys() | now.keys() if before.get(cell) != now.get(cell)}

    async def adopt(self, cells: Iterable[Cell]) -> None:
        """Bring the rows in line."""
        parts, listed = self.home.hub.parts, list(cells)
        await self.home.store.write(lambda tx: adopt(tx, parts, self.tenant, self.house, listed))

    async def differences(self) -> list[Cell]:
        """What the rows say otherwise."""
        house, parts = self.house, self.home.hub.parts
        return await self.home.store.read(lambda conn: differences(conn, parts, self.tenant, house))


@dataclass
class World:
    """The cloud, and hubs that meet it when told to."""

    cloud: Node
    hubs: list[Node]

    def _line(self, machine: HubMachine, raw: bytes) -> bytes | None:
        assert isinstance(self.cloud.machine, CloudMachine)
        return self.cloud.machine.answer(machine.id, machine.store.me().key, raw)

    async def meet(self, *hubs: Node) -> None:
        """Each of these hubs (or all) tells what it has, and hears what there is, until nothing is new."""
        for hub in hubs or (*self.hubs, *self.hubs):
            await self._sent(hub)
            for lane in Lane:
                await self._heard(hub, lane)
            await self._sent(hub)

    async def _sent(self, hub: Node) -> None:
        assert isinstance(hub.machine, HubMachine)
        for _ in range(_MOST):
            here, there = hub.cells(), self.cloud.cells()
            answer = hub.machine.send(self._line)
            await hub.adopt(hub.changed(here))
            await self.cloud.adopt(self.cloud.changed(there))
            assert not isinstance(answer, Refusal), answer
            if answer is None:
                return
        raise AssertionError

    async def _heard(self, hub: Node, lane: Lane) -> None:
        assert isinstance(hub.machine, HubMachine)
        for _ in range(_MOST):
            before = hub.cells()
            page = hub.machine.fetch(self._line, lane)
            await hub.adopt(hub.changed(before))
            if not isinstance(page, Page) or page.whole:
                return
        raise AssertionError


@asynccontextmanager
async def world(folder: Path, hubs: int = 2) -> AsyncIterator[World]:
    """A cloud and hubs, of which the first is enrolled with whatever is there, and the others as they come."""
    async with AsyncExitStack() as stack:
        cloud = Node(await _home(stack, folder / "cloud", 99), CloudMachine(Chance(7)))
        cloud.home.store.node = Identity(UUID(bytes=CLOUD), 1)
        made = World(cloud, [])
        for number in range(hubs):
            home = await _home(stack, folder / f"hub{number}", number)
            node = home.store.node.id.bytes
            made.hubs.append(Node(home, HubMachine(node)))
        yield made


async def enrol(made: World) -> None:
    """Let all the hubs in, one after the other."""
    await made.cloud.begin()
    assert isinstance(made.cloud.machine, CloudMachine)
    for hub in made.hubs:
        assert isinstance(hub.machine, HubMachine)
        hub.machine.enrol(made.cloud.machine)
        await hub.begin()
        await made.meet(hub)


async def _home(stack: AsyncExitStack, folder: Path, seed: int) -> Household:
    clock, entropy = HandClock(), SeededEntropy(seed)
    blank.put(folder / "hub.db")
    store = await open_store(sa.make_url(f"sqlite:///{folder}/hub.db"), folder, clock, entropy)
    stack.push_async_callback(store.close)
    home = await household(store, clock, folder / "data", RATE_LIMIT_ENABLED="false")
    stack.push_async_callback(home.hub.close)
    return home
