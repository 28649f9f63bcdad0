"""Writing changes at either end, over its store (see `exchange.scribe.Scribe`)."""

from collections.abc import Iterable
from uuid import UUID

from rex_auth_edge.exchange.stores.cloud import SqlCloud
from rex_auth_edge.exchange.stores.hub import SqlHub
from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.hub.writing import next_tag, write
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.outcome import Outcome
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, State


class HubScribe:
    """On a hub: what is written is in force here at once, and waits to be sent."""

    def __init__(self, hub: SqlHub) -> None:
        self._hub = hub

    @property
    def node(self) -> bytes:
        """The hub's id."""
        return self._hub.me().id

    @property
    def house(self) -> House:
        """What the hub goes by."""
        return self._hub.shown

    def prepare(self, cells: Iterable[Cell]) -> None:
        """Fetch these together."""
        self._hub.prepare(cells)

    def pen(self) -> Pen:
        """For the next change."""
        return Pen(next_tag(self._hub), self._hub.me().whole)

    def write(self, cell: Cell, state: State, actor: bytes | None = None) -> None:
        """Write the change that the last pen has made."""
        write(self._hub, cell, state, actor)


class CloudScribe:
    """In the cloud: what is written has its place at once. `now` and `key` are as in `Ordering`."""

    def __init__(self, cloud: SqlCloud, now: int, key: bytes) -> None:
        self._cloud, self._id = cloud, cloud.tx.node.id.bytes
        self._ordering = Ordering(cloud, self._id, now, key)
        self._at: Position | None = None

    @property
    def node(self) -> bytes:
        """The cloud's id."""
        return self._id

    @property
    def house(self) -> House:
        """What the cloud has."""
        return self._cloud

    def prepare(self, cells: Iterable[Cell]) -> None:
        """Fetch these together."""
        self._cloud.prepare(cells)

    def pen(self) -> Pen:
        """For the next change, which has seen all before it. It has its place already."""
        self._at = at = self._ordering.next()
        return Pen(self._ordering.tag(at), (at,) * 4, at)

    def write(self, cell: Cell, state: State, actor: bytes | None = None) -> None:
        """Write the change that the last pen has made."""
        at = self._ordering.next() if self._at is None else self._at
        self._at = None
        if self._ordering.own(cell, state, at, actor).outcome is Outcome.HELD:
            self._cloud.tx.held.add(UUID(bytes=cell.id))
