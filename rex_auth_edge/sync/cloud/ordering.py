"""Giving changes their places: each is decided once, and what follows from it comes right after it."""

import hashlib
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.cloud import aftermath
from rex_auth_edge.sync.cloud.alerts import OUTGROWN, alerts
from rex_auth_edge.sync.cloud.arrivals import AsArrived
from rex_auth_edge.sync.cloud.brought import brought
from rex_auth_edge.sync.cloud.consequences import consequence, put
from rex_auth_edge.sync.cloud.epochs import has_forgotten
from rex_auth_edge.sync.cloud.handed_on import believed
from rex_auth_edge.sync.cloud.lifted import NOTED, noted
from rex_auth_edge.sync.cloud.overtaken import after_end, is_over
from rex_auth_edge.sync.cloud.removal import after_hub, after_policy
from rex_auth_edge.sync.cloud.showing import notice, review
from rex_auth_edge.sync.cloud.store import CloudStore
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.kinds import REVOKED, Doors, Kind, facts_of, lane_of
from rex_auth_edge.sync.merge import join, placed
from rex_auth_edge.sync.order import START, Lane, Position, Tag, is_unsent
from rex_auth_edge.sync.outcome import Follow, Notice, Outcome, Then, Verdict, refuse
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.bans import stamped
from rex_auth_edge.sync.rules.distrust import distrusted, said, sealed
from rex_auth_edge.sync.rules.sign_outs import without_needless
from rex_auth_edge.sync.state import EMPTY, Cell, Incoming, State
from rex_auth_edge.sync.verdict import added
from rex_auth_edge.sync.wire import pack_state

_TAKING = frozenset({Then.LOWER, Then.REVOKE})
"""What isn't done to whoever causes it: an owner who removes a hub stays one, whatever that hub has said of them."""
_COMPLETED = frozenset({Kind.SIGN_OUT, Kind.BAN})
"""Kinds to whose changes the cloud adds what it alone knows."""
_AFTER: Mapping[str, tuple[Callable[[Incoming, House], list[Follow]], ...]] = {
    Kind.HUB: (after_hub, after_end),
    Kind.POLICY: (after_policy,),
    Kind.USER: (after_end,),
    Kind.DEVICE: (after_end,),
}
"""Kinds of which something may follow for other cells, and what that is."""

_NOTHING = pack_state(EMPTY)

LARGEST_CELL = 192 * 1024
"""Bytes to which hubs may let a cell grow: with what the cloud adds, each has to fit into one answer to every hub."""


class Ordering:
    """One household's order, within one transaction. `cloud` is this side's id as an origin.

    `now` is by its clock; what is to be ordered was told `age` milliseconds ago. By `key` it names what it shows and
    tells: no hub has that, so that none knows such a name beforehand.
    """

    def __init__(self, store: CloudStore, cloud: bytes, now: int, key: bytes, age: int = 0) -> None:
        self._store, self.cloud, self._now, self._key, self._age = store, cloud, now, key, age
        self._hour = now // HOUR

    def next(self) -> Position:
        """The next place."""
        standing = self._store.standing()
        if standing.hour != self._hour:
            self._store.begin_hour(self._hour, standing.at)
        at = Position(standing.at.epoch, standing.at.seq + 1)
        self._store.put_standing(replace(standing, at=at, hour=self._hour))
        return at

    def take(self, change: Incoming, refresh: Position) -> Verdict:
        """Decide the change, write what comes of it, and do what follows from it."""
        at, since = self.next(), max(refresh, self._store.standing().floor)
        if self._brings_back(change):
            return Verdict(Outcome.STALE)
        if change.seen[Lane.SECURITY] >= since or brought(change, since, self._store):
            verdict, delta = self._added(change, at)
        elif self._store.was_buried(change.cell.id):
            return Verdict(Outcome.STALE)
        else:
            verdict, delta = self._added(change, at, since)
        if warnings := alerts(change.cell, delta, self._store):
            verdict = replace(verdict, notices=(*warnings, *verdict.notices))
        if not self.write(change.cell, delta, at, LARGEST_CELL):
            verdict = refuse(change, OUTGROWN)
        self._conclude(change, verdict)
        return verdict

    def _brings_back(self, change: Incoming) -> bool:
        """Whether it lets in somebody or something that is forgotten, however much its writer says that it has seen."""
        known = facts_of(change.cell.kind).doors is not Doors.OPEN or self._store.row(change.cell) is not None
        return not known and self._store.standing().gone > 0 and self._store.was_buried(change.cell.id)

    def _conclude(self, change: Incoming, verdict: Verdict) -> None:
        """What was held back is shown, who has to know is told, and what follows is done."""
        if verdict.review != EMPTY and not is_over(change.cell, self._store):
            self._review(change, verdict)
        for each in verdict.notices:
            self._tell(each, change.tag.origin)
        self._follow(follows := [*verdict.follows, *self._after(change, verdict)], change)
        if change.cell.kind == Kind.HUB and verdict.delta != EMPTY:
            for each in list(aftermath.notices(change.cell, follows, AsArrived(self._store))):
                self._tell(each, change.cell.id)

    def take_lost(self, hub: bytes, cell: Cell, state: State) -> None:
        """Join what a restored cloud had forgotten, as far as the hub is to be believed about it, at a new place."""
        at = self.next()
        taken = believed(hub, cell, self._forgotten(hub, cell, state), self._store)
        change = Incoming(taken.cell, Tag(hub, 0, 0), (at,) * 4, placed(taken.state, at, after=START))
        _, delta = added(change, self._store, at)
        warnings = alerts(taken.cell, delta, self._store)
        self.write(taken.cell, delta, at, LARGEST_CELL)
        for each in warnings:
            self._tell(each, hub)
        if cell.kind == Kind.HUB:
            self._distrust_again(cell, state)

    def _forgotten(self, hub: bytes, cell: Cell, state: State) -> State:
        """The same without marks that are there, or at a place that the cloud has given and knows: they were lifted.

        So may one be that it has by its number, where anything of the cell was lifted.
        """
        standing, known = self._store.standing(), self._store.state(cell)
        there = {mark.by for mark in known.marks}
        lost = [mark for mark in state.marks if is_unsent(mark.at) or has_forgotten(standing, mark.at)]
        if known.cleared > START:
            lost = [mark for mark in lost if not self._has(hub, lane_of(cell.kind), mark.by)]
        return replace(state, marks=tuple(mark for mark in lost if mark.by not in there))

    def _has(self, hub: bytes, lane: Lane, by: Tag) -> bool:
        """Whether the number is one of the hub's that the cloud has."""
        return by.origin == hub and by.number <= self._store.end(hub, by.incarnation, lane).head.number

    def _distrust_again(self, hub: Cell, told: State) -> None:
        """What this cloud has said of a stolen hub, and forgotten since: it says so anew, with all that follows."""
        since, known = sealed(hub.id, told, self._key), distrusted(hub, self._store)
        if since is not None and (known is None or since < known):
            at = self.next()
            self.own(hub, put(at, self.tag(at), said(hub.id, since, self._key)), at)

    def own(self, cell: Cell, state: State, at: Position, actor: bytes | None = None) -> Verdict:
        """A change of the cloud's own, whose tags are those of its place."""
        change = Incoming(cell, self.tag(at), (at,) * 4, state, actor)
        verdict, delta = self._added(change, at)
        self.write(cell, delta, at)
        self._conclude(change, verdict)
        return verdict

    def _added(self, change: Incoming, at: Position, refresh: Position | None = None) -> tuple[Verdict, State]:
        verdict, delta = added(change, self._store, at, refresh)
        if change.cell.kind in NOTED:
            return verdict, noted(change, AsArrived(self._store).state(change.cell), delta, at, self.tag(at))
        if change.cell.kind not in _COMPLETED:
            return verdict, delta
        if change.cell.kind == Kind.SIGN_OUT:
            return verdict, without_needless(change, delta, self._store)
        return verdict, stamped(delta, self._now - self._age)

    def tag(self, at: Position) -> Tag:
        """What the cloud's own change at this place is known by."""
        return Tag(self.cloud, at.epoch, at.seq)

    def write(self, cell: Cell, delta: State, at: Position, most: int | None = None) -> bool:
        """Join the delta to the cell; where that changes nothing, the cell keeps its place.

        False where the cell would have more than `most` bytes by it, and stays as it was.
        """
        had = self._store.row(cell)
        after = join(EMPTY if had is None else self._store.state(cell), delta)
        packed = pack_state(after)
        if packed == (_NOTHING if had is None else had.state):
            return True
        if most is not None and len(packed) > max(most, 0 if had is None else len(had.state)):
            return False
        self._store.put_row(Row(cell.kind, cell.id, at, packed))
        if after.rung is not None and after.rung.step >= REVOKED and facts_of(cell.kind).ends:
            self._store.put_dead(cell.id, at, self._now)
        return True

    def _after(self, change: Incoming, verdict: Verdict) -> list[Follow]:
        after = () if verdict.delta == EMPTY else _AFTER.get(change.cell.kind, ())
        return [follow for each in after for follow in each(change, AsArrived(self._store))]

    def _follow(self, follows: Iterable[Follow], cause: Incoming) -> None:
        for follow in [each for each in follows if each.then not in _TAKING or each.cell.id != cause.actor]:
            at = self.next()
            state = consequence(follow, at, self.tag(at), self._store)
            if follow.cell.kind == Kind.HUB:
                state = join(state, put(at, self.tag(at), said(follow.cell.id, START, self._key)))
            self.own(follow.cell, state, at, cause.actor if follow.cell.kind == Kind.HUB else None)

    def _review(self, change: Incoming, verdict: Verdict) -> None:
        """Show an owner what was held back, until one decides."""
        at = self.next()
        waits = review(change, verdict, Pen(self.tag(at), (at,) * 4, at), self._now)
        self.write(Cell(Kind.REVIEW, self._name(change.tag)), waits, at)

    def _tell(self, what: Notice, origin: bytes) -> None:
        at = self.next()
        pen = Pen(self.tag(at), (at,) * 4, at)
        self.write(Cell(Kind.NOTICE, self._name(pen.tag)), notice(what, origin, pen, self._now), at)

    def _name(self, tag: Tag) -> bytes:
        return hashlib.blake2b(repr(tuple(tag)).encode(), digest_size=16, key=self._key).digest()
