"""What goes wrong with the machines themselves, and who makes use of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY, HOUR
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.arrivals import place_of
from rex_auth_edge.sync.house import owners
from rex_auth_edge.sync.hub.asking import sent
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, REVOKED, Kind, lane_of
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.own import tags_of
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.distrust import distrusted, said
from rex_auth_edge.sync.rules.record import record_id
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import opened, unpack_state
from tests.sync.simulation.ledger import Fact
from tests.sync.simulation.machines import HubMachine
from tests.sync.simulation.places import AtHub

if TYPE_CHECKING:
    from tests.sync.simulation.world import World


class BadDays:
    """Everything that can happen to a machine; `let_in` are those whom thieves have let in.

    `gone` is the stolen hub, and from where on it isn't trusted. `forgot`: the cloud has been restored since then, and
    may have had to hear of it anew.

    `before` is what an incarnation of a hub had confirmed before its whole disk was restored: what it confirms after
    that bears numbers that the cloud knows as others, and isn't there.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.let_in: list[bytes] = []
        self.stolen = self.forgot = False
        self.gone: tuple[Cell, Position] | None = None
        self.before: dict[tuple[bytes, int], set[Fact]] = {}

    def fault(self, hub: HubMachine) -> None:
        """One of them."""
        faults: list[Callable[[HubMachine], None]] = [
            *(self._cut_line, self._cut_line, self._kill, self._time_passes, self._back_up, self._back_up),
            *(self._come_late, self._come_late, self._rotate, self._bury, self._clock_lies),
            *(self._back_up_hub, self._restore_hub, self._lose_writes, self._restore_cloud, self._rot),
            *(self._restore_disk, self._clone, self._steal, self._fill_disk, self._upgrade),
        ]
        fault = self.world.chance.of(faults)
        self.world.say("fault:", fault.__name__, hub.id)
        fault(hub)

    def _cut_line(self, hub: HubMachine) -> None:
        hub.cut_off = not hub.cut_off

    def _kill(self, hub: HubMachine) -> None:
        hub.boot()

    def _time_passes(self, _: HubMachine) -> None:
        self.world.cloud.now += self.world.chance.of((DAY, 100 * DAY, 200 * DAY))

    def _clock_lies(self, _: HubMachine) -> None:
        now = self.world.cloud.now
        self.world.cloud.now = self.world.chance.of((0, now - 30 * DAY, 4_070_908_800_000, now))

    def _back_up(self, _: HubMachine) -> None:
        self.world.cloud.back_up()

    def _bury(self, _: HubMachine) -> None:
        self.world.cloud.bury()

    def _come_late(self, _: HubMachine) -> None:
        if self.world.late:
            late, key, raw = self.world.late.pop(0)
            self.world.cloud.answer(late.id, key, raw)

    def _rotate(self, hub: HubMachine) -> None:
        """A new key, which the old one introduces; the answer may be lost at any point."""
        if not hub.store.me().pending:
            fresh = self.world.chance.bytes()
            hub.do(lambda: hub.store.put_me(replace(hub.store.me(), next_key=fresh, greeted=False)))

    def _back_up_hub(self, hub: HubMachine) -> None:
        hub.backup, hub.old_copy = hub.store.disk.copy(), hub.copy

    def _restore_hub(self, hub: HubMachine) -> None:
        """The database alone is restored; its copy is not."""
        if hub.backup is not None:
            waited = _waiting(hub)
            hub.store.disk.restore(hub.backup)
            self._has_lost(hub, waited)

    def _restore_disk(self, hub: HubMachine) -> None:
        """The whole disk is, so that the hub itself can't tell."""
        if hub.backup is not None:
            hub.copy = hub.old_copy
            self._restore_hub(hub)
            facts = {fact for fact in self.world.ledger.facts if fact.node == hub.id}
            self.before.setdefault((hub.id, hub.store.me().incarnation), facts)

    def _lose_writes(self, hub: HubMachine) -> None:
        """The disk had lied about what it had written."""
        waited = _waiting(hub)
        hub.store.disk.lose(1 + self.world.chance.below(3))
        self._has_lost(hub, waited)

    def _has_lost(self, hub: HubMachine, waited: frozenset[tuple[int, int]]) -> None:
        hub.boot()
        self.world.watch.forget(hub)
        facts = self.world.ledger.facts
        self.world.ledger.facts = [fact for fact in facts if fact.node != hub.id or self._survives(hub, fact, waited)]

    def _survives(self, hub: HubMachine, fact: Fact, waited: frozenset[tuple[int, int]] = frozenset()) -> bool:
        there = (fact.incarnation, fact.number) not in waited and self._at_cloud(fact)
        return there or self._on_hub(hub, fact) or self._may_come(hub, fact)

    def _at_cloud(self, fact: Fact) -> bool:
        before = self.before.get((fact.node, fact.incarnation))
        if before is not None and fact not in before:
            return False
        end = self.world.cloud.store.end(fact.node, fact.incarnation, lane_of(fact.cell.kind))
        return end.head.number >= fact.number

    @staticmethod
    def _may_come(hub: HubMachine, fact: Fact) -> bool:
        """Whether it lifts something, and is under way: of that there is a copy beside the database."""
        pending = hub.store.me().pending
        push = sent(opened(pending)) if pending and fact.act in {"lift", "succeed"} else None
        return push is not None and any(each.cell == fact.cell for each in push.changes)

    @staticmethod
    def _on_hub(hub: HubMachine, fact: Fact) -> bool:
        held = [each for each in hub.store.entries() if each.cell == fact.cell]
        return any(each.number >= fact.number for each in held) and fact.incarnation <= hub.store.me().incarnation

    def _restore_cloud(self, _: HubMachine) -> None:
        """Back to its last backup; what only it knew is lost."""
        self.world.cloud.restore()
        self.forgot = self.forgot or self.stolen
        self.world.watch.forget_cloud()
        hubs = {each.id: each for each in self.world.hubs}

        def survives(fact: Fact) -> bool:
            if fact.node not in hubs:
                return (fact.incarnation, fact.number) <= self.world.cloud.backed_up
            return self._survives(hubs[fact.node], fact)

        self.world.ledger.facts = [fact for fact in self.world.ledger.facts if survives(fact)]

    def _fill_disk(self, hub: HubMachine) -> None:
        """Full, or read-only: what can't be written is refused, and nothing is half done."""
        hub.full = not hub.full

    def _upgrade(self, hub: HubMachine) -> None:
        """Another program: the hub's, or the cloud's, newer or older than before."""
        if self.world.chance.one_in(2):
            self.world.cloud.newer = not self.world.cloud.newer
        else:
            hub.newer = not hub.newer

    def _rot(self, hub: HubMachine) -> None:
        """A bit of a hub's database flips, in a row that nobody looks at: only comparing finds it."""
        rows = hub.store.rows(Lane.AUDIT)
        if rows:
            row = self.world.chance.of(rows)
            hub.do(lambda: hub.store.put_row(replace(row, state=b"\x80")))

    # ---- thieves

    def _clone(self, hub: HubMachine) -> None:
        """The whole disk is copied, and the copy is online: whoever of the two comes second is noticed."""
        clone = self._copy_of(hub)
        for _ in range(1 + self.world.chance.below(3)):
            place = AtHub(clone)
            place.write(
                Cell(Kind.AUDIT, record_id(place.node, self.world.chance.bytes(8))),
                place.pen().put(event="thief"),
                None,
            )
            clone.send(self._good_line)

    def _copy_of(self, hub: HubMachine) -> HubMachine:
        clone = HubMachine(hub.id)
        clone.store.disk.restore(hub.store.disk.copy())
        clone.copy = hub.copy
        return clone

    def _steal(self, hub: HubMachine) -> None:
        """A hub is stolen, does what a thief wants with its key, and is removed by an owner who says since when."""
        if self.stolen or len(self.world.hubs) < 2 or hub is self.world.hubs[-1]:
            return
        self.stolen = True
        chance, ruling = self.world.chance, owners(AtHub(hub).house)
        cloud = self.world.cloud
        here, ruled = cloud.store.standing().at, owners(cloud.store)
        if hub.may_write and ruling:
            self._let_in(AtHub(hub), ruling[0])
            self._do_worse(AtHub(hub), chance.of(ruling), chance.of(ruling))
            for _ in range(4):
                hub.send(self._good_line)
        known = place_of(cloud.store.hours(), cloud.store.standing().at, cloud.now - chance.of((0, HOUR, 100 * DAY)))
        since = chance.of((START, known, here))
        self._remove(hub, since)
        self.world.watch.after_theft(hub.id, since, ruled if since == here else [])

    def _let_in(self, place: AtHub, owner: bytes) -> None:
        mallory = self.world.chance.bytes()
        self.let_in.append(mallory)
        place.write(Cell(Kind.USER, mallory), place.pen().climb(ACTIVE, owner), owner)
        place.write(Cell(Kind.ROLE, mallory), place.pen().role("owner", owner), owner)

    def _do_worse(self, place: AtHub, owner: bytes, other: bytes) -> None:
        """Rules are loosened, an owner is shut out, or has another address, and maybe another one is none any more."""
        if self.world.chance.one_in(2):
            place.write(Cell(Kind.ROLE, other), place.pen().role("guest"), None)
        loose: dict[str, Any] = self.world.chance.of(
            ({"cloud_grants": "stand", "session_life": None}, {"shares": "profiles,audit"})
        )
        place.write(Cell(Kind.POLICY, HOUSEHOLD), place.pen().put(**loose), owner)
        place.write(Cell(Kind.BAN, owner), place.pen().mark("thief"), None)
        place.write(Cell(Kind.EMAIL, owner), place.pen().put(address="thief@example.com", proven=True), None)
        if self.world.chance.one_in(2) and owners(place.house) != [owner]:
            place.write(Cell(Kind.DISABLED, owner), place.pen().mark("thief"), None)

    def _remove(self, hub: HubMachine, since: Position) -> None:
        cloud, heard = self.world.cloud, self.world.chance.one_in(2)
        if heard:
            cloud.back_up()
        self.gone = (Cell(Kind.HUB, hub.id), since)
        self._distrust(*self.gone)
        self.world.hubs.remove(hub)
        facts = self.world.ledger.facts
        self.world.ledger.facts = [fact for fact in facts if fact.node != hub.id or fact.knew]
        if not (heard and self._hear()):
            cloud.back_up()

    def _distrust(self, hub: Cell, since: Position) -> None:
        cloud, ruling = self.world.cloud, [each for each in owners(self.world.cloud.store) if each not in self.let_in]
        actor = ruling[0] if ruling else None
        told = said(hub.id, since, b"key")
        cloud.write(hub, lambda ordering, at: Pen(ordering.tag(at), (at,) * 4, at).climb(REVOKED, actor, **told), actor)
        with cloud.store.disk.transaction():
            keeping.remove(cloud.store, hub.id)

    def remind(self) -> bool:
        """An owner says it once more, where the cloud has forgotten it and nobody has told it anew; whether so."""
        if self.gone is None or distrusted(self.gone[0], self.world.cloud.store) is not None:
            return False
        self._distrust(*self.gone)
        return True

    def _good_line(self, hub: HubMachine, raw: bytes) -> bytes | None:
        return self.world.cloud.answer(hub.id, hub.store.me().key, raw)

    def _hear(self) -> bool:
        """A hub hears of it before any backup of the cloud has it; whether there is one that can."""
        hub = next((each for each in self.world.hubs if each.may_write and not each.full), None)
        if hub is None:
            return False
        for _ in range(20):
            page = hub.fetch(self._good_line, Lane.SECURITY)
            if page is not None and page.whole:
                return True
        return False


def _waiting(hub: HubMachine) -> frozenset[tuple[int, int]]:
    """Incarnations and numbers of what the cloud hasn't got, though it may have something of a higher number."""
    states = [unpack_state(each.state) for each in hub.store.entries() if each.given is None]
    return frozenset((tag.incarnation, tag.number) for state in states for tag in tags_of(state))
