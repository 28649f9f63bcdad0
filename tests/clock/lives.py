"""One machine through its boots, with what it has on record kept in a database in memory."""

from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.entropy import Ids
from rex_auth_edge.storage import clock as kept
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Node, Tx
from tests.doubles import Machine, SeededEntropy


class Life:
    """`ran` is how long the machine has really run, `lost` what of it was never put on record, in milliseconds."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.ran = machine.boot
        self.lost = 0
        self._marked = 0
        self._entropy = SeededEntropy()
        self._engine = sa.create_engine("sqlite://")
        self._conn = self._engine.connect()
        node_facts.create(self._conn)
        self.clock = machine.power_on()
        self.start()

    def close(self) -> None:
        """Let go of the database."""
        self._conn.close()
        self._engine.dispose()

    def start(self) -> None:
        """Start the program; within a boot: start it again."""
        self.clock = self.machine.power_on()
        self.clock.recall(kept.enter(self._tx()))
        self._marked = self.machine.boot

    def mark(self) -> None:
        """What the program does every few minutes, and when it is told to end."""
        kept.mark(self._tx())
        self._marked = self.machine.boot

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.machine.advance(milliseconds)
        self.ran += milliseconds

    def reboot(self, wall: int | None = None, *, orderly: bool = True, ntp: bool = False) -> None:
        """Switch off, orderly or by a power cut, and on again."""
        if orderly:
            self.mark()
        self.lost += self.machine.boot - self._marked
        self.machine.reboot(wall, ntp=ntp)
        self.ran += self.machine.boot
        self.start()

    def now(self) -> Moment:
        """What the program takes for the time."""
        return self.clock.now()

    def _tx(self) -> Tx:
        now = self.clock.now()
        return Tx(self._conn, now, self._entropy, Ids(self._entropy), Node(UUID(int=1), 1))

    def rows(self) -> int:
        """Boots on record."""
        return self._conn.execute(sa.select(sa.func.count()).select_from(node_facts)).scalar_one()
