"""The machines: a hub with its disk and the copy beside it, the cloud with its backups, and the line between them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from rex_auth_edge.sync.bodies import Compared, Page
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.answer import Occasion, answer
from rex_auth_edge.sync.cloud.epochs import begin_epoch
from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.hub.applying import apply, read
from rex_auth_edge.sync.hub.asking import pull, push
from rex_auth_edge.sync.hub.comparing import further, question
from rex_auth_edge.sync.hub.settling import AT_ONCE, settle
from rex_auth_edge.sync.hub.view import View
from rex_auth_edge.sync.hub.welcoming import enter_again, seal, start
from rex_auth_edge.sync.hub.writing import write
from rex_auth_edge.sync.me import HEADS, Me
from rex_auth_edge.sync.order import Lane, Position
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.wire import decode, name_of
from tests.sync.disk import PowerCutError
from tests.sync.memory import MemoryCloud, MemoryHub
from tests.sync.simulation.chance import Chance

CLOUD = b"CLOUD-of-all-of-"[:16]
MAKE: dict[str, Callable[[], Any]] = {"hub": MemoryHub, "cloud": MemoryCloud}
"""What a machine's store is made by; a test may put others here."""


def made(what: str) -> Any:
    """A new store for a machine of this kind."""
    return MAKE[what]()


Line = Callable[["HubMachine", bytes], bytes | None]


class FullError(OSError):
    """There is no room on the disk, or it has become read-only."""


@dataclass
class CloudMachine:
    """The cloud: its database, backups of it, and its clock in milliseconds."""

    chance: Chance
    store: MemoryCloud = field(default_factory=lambda: made("cloud"))
    now: int = 1_800_000_000_000
    backups: list[dict[str, dict[Any, Any]]] = field(default_factory=list)
    epochs: int = 1
    restored: int = 0
    most: int = 500
    newer: bool = False

    def answer(self, hub: bytes, key: bytes, raw: bytes) -> bytes | None:
        """One request; None where the machine went off before it had committed."""
        occasion = Occasion(self.store, CLOUD, self.now, self.chance.bytes(), b"key", self.most)
        try:
            with self.store.disk.transaction():
                return answer(occasion, hub, key, raw)
        except PowerCutError:
            return None

    def write(self, cell: Cell, make: Callable[[Ordering, Position], State], actor: bytes | None) -> None:
        """Somebody does something at the cloud."""
        with self.store.disk.transaction():
            ordering = Ordering(self.store, CLOUD, self.now, b"key")
            at = ordering.next()
            ordering.own(cell, make(ordering, at), at, actor)

    def back_up(self) -> None:
        """What there is now is durable."""
        at = self.store.standing().at
        self.backups.append(self.store.disk.copy())
        with self.store.disk.transaction():
            keeping.made_durable(self.store, at)

    @property
    def backed_up(self) -> Position:
        """How far the last backup goes."""
        at: Position = self.backups[-1]["facts"]["standing"].at
        return at

    def restore(self) -> None:
        """Back to the last backup, in a new epoch."""
        at = self.backed_up
        self.store.disk.restore(self.backups[-1])
        self.epochs += 1
        self.restored += 1
        with self.store.disk.transaction():
            keeping.made_durable(self.store, at)
            begin_epoch(self.store, self.epochs)

    def bury(self) -> None:
        """Forget the dead."""
        with self.store.disk.transaction():
            keeping.bury(self.store, self.now, 100)


@dataclass
class HubMachine:
    """A hub: its database, the copy beside it, and a view of what it goes by.

    Of what has come it takes `most` rows in a transaction.

    While its disk is `full` nothing is written there; `down` is a hub that couldn't start because of that.
    """

    id: bytes
    newer: bool = False
    store: MemoryHub = field(default_factory=lambda: made("hub"))
    copy: Me | None = None
    backup: dict[str, dict[Any, Any]] | None = None
    old_copy: Me | None = None
    cut_off: bool = False
    full: bool = False
    down: bool = False
    most: int = AT_ONCE
    _view: View | None = None

    def enrol(self, cloud: CloudMachine) -> None:
        """An owner lets it in, for the first time or anew."""
        key, nonce = cloud.chance.bytes(), cloud.chance.bytes()
        with cloud.store.disk.transaction():
            keeping.enrol(cloud.store, self.id, key, nonce, cloud.now)

        def let_in() -> None:
            if self.store.enrolled:
                enter_again(self.store, key, nonce)
            else:
                self.store.put_me(Me(self.id, 1, 0, HEADS, nonce, key=key))

        self.do(let_in)

    def do(self, work: Callable[[], Any]) -> Any:
        """One transaction, and the copy after it; None where the machine went off, and is on again, or can't write."""
        if self.down:
            self.boot()
        if self.down:
            return None
        self._view = None
        try:
            with self._written():
                done = work()
                sealed = seal(self.store)
        except PowerCutError:
            self.boot()
            return None
        except FullError:
            return None
        self.copy = sealed
        return done

    def boot(self) -> None:
        """Start anew, as soon as there is room for that, and power."""
        self._view = None
        self.down = True
        with suppress(FullError, PowerCutError):
            with self._written():
                start(self.store, self.copy)
            self.down = False

    @contextmanager
    def _written(self) -> Iterator[None]:
        with self.store.disk.transaction():
            yield
            if self.full:
                raise FullError

    @property
    def view(self) -> View:
        """What it goes by."""
        if self._view is None:
            self._view = View(self.store)
        return self._view

    @property
    def may_write(self) -> bool:
        """Whether it takes changes: not while it is to become another incarnation, or is locked out."""
        return not (self.store.me().silent or self.down)

    def write(self, cell: Cell, state: State, actor: bytes | None) -> int | None:
        """Somebody does something here: its number once it is confirmed."""
        entry = self.do(lambda: write(self.store, cell, state, actor))
        return None if entry is None else int(entry.number)

    def send(self, line: Line, most: int = 500) -> Struct | None:
        """One request that changes something at the cloud, and its answer."""
        raw = self.do(lambda: push(self.store, most))
        return None if raw is None else self._ask(line, raw)

    def fetch(self, line: Line, lane: Lane) -> Page | None:
        """One page of a lane."""
        page = self._ask(line, pull(self.store, lane))
        return page if isinstance(page, Page) else None

    def read(self, line: Line, lane: Lane) -> None:
        """All that a lane has."""
        while (page := self.fetch(line, lane)) is not None and not page.whole:
            pass

    def _ask(self, line: Line, raw: bytes) -> Struct | None:
        said = line(self, raw)
        if said is None:
            return None
        try:
            return self.hear(raw, said)
        except ValueError:
            return None

    def hear(self, request: bytes, raw: bytes) -> Struct | None:
        """Take the answer to a request, a part at a time: what it was, None where the machine went off meanwhile."""
        parts = read(raw, self.most)
        done = [self.do(lambda part=part: apply(self.store, request, part, self.most)) for part in parts]  # type: ignore[misc]
        return None if None in done else parts[-1]

    def settle(self) -> bool:
        """Take off some of what has come back: whether any may be left."""
        return self.do(lambda: settle(self.store, self.most)) is False

    def mend(self, line: Line, lane: Lane) -> int:
        """Find where it differs from the cloud, and mend that: how many questions it took."""
        paths: list[tuple[int, ...]] = [()]
        asked = 0
        while paths:
            path = paths.pop()
            asked += 1
            said = line(self, question(self.store, lane, path))
            if said is None:
                return asked
            if name_of(said) == Compared.__name__:
                paths += self._further(lane, path, decode(said, Compared))
        return asked

    def _further(self, lane: Lane, path: tuple[int, ...], compared: Compared) -> list[tuple[int, ...]]:
        return self.do(lambda: further(self.store, lane, path, compared)) or []
