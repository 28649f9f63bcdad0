"""Where people act: a hub, or the cloud's own pages."""

from dataclasses import dataclass

from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.hub.writing import next_tag
from rex_auth_edge.sync.merge import placed
from rex_auth_edge.sync.order import Position, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, State
from tests.sync.simulation.machines import CLOUD, CloudMachine, HubMachine


@dataclass
class AtHub:
    """On a hub."""

    hub: HubMachine

    @property
    def node(self) -> bytes:
        """Its id."""
        return self.hub.id

    @property
    def newer(self) -> bool:
        """Whether it runs a newer program."""
        return self.hub.newer

    @property
    def house(self) -> House:
        """What it shows."""
        return self.hub.view

    def pen(self) -> Pen:
        """For its next change."""
        return Pen(next_tag(self.hub.store), self.hub.store.me().whole)

    def write(self, cell: Cell, state: State, actor: bytes | None) -> tuple[int, int] | None:
        """Write it."""
        number = self.hub.write(cell, state, actor)
        return None if number is None else (self.hub.store.me().incarnation, number)


@dataclass
class AtCloud:
    """At the cloud."""

    cloud: CloudMachine
    newer: bool = False
    node: bytes = CLOUD

    @property
    def house(self) -> House:
        """What it shows."""
        return self.cloud.store

    def pen(self) -> Pen:
        """For the next change, which has seen everything."""
        at = self.cloud.store.standing().at
        here = Position(at.epoch, at.seq + 1)
        return Pen(Tag(CLOUD, *here), (at,) * 4, here)

    def write(self, cell: Cell, state: State, actor: bytes | None) -> tuple[int, int] | None:
        """Write it."""
        self.cloud.write(cell, lambda _, at: placed(state, at), actor)
        return self.cloud.store.standing().at
