"""One run: what happens in it, step by step, from its seed; with a trace to read when something is broken."""

from collections.abc import Callable

from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.sync.kinds import ACTIVE, Kind, lane_of
from rex_auth_edge.sync.order import NOTHING, Lane
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import Refusal, encode
from tests.sync.simulation.chance import Chance
from tests.sync.simulation.ledger import Fact, Ledger
from tests.sync.simulation.machines import CloudMachine, HubMachine
from tests.sync.simulation.people import People
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.watch import Watch

ROUNDS = 40
"""Within so many rounds everybody has to agree once nobody writes any more."""


class World:
    """A household on two or three hubs and in the cloud."""

    def __init__(self, seed: int, *, faults: bool = True) -> None:
        self.faults = False
        self.chance = Chance(seed)
        self.trace: list[str] = []
        self.ledger = Ledger()
        self.people = People(self.chance, self.ledger)
        self.cloud = CloudMachine(self.chance)
        self.hubs = [HubMachine(f"HUB-{number}".encode().ljust(16, b"-")) for number in range(2 + self.chance.below(2))]
        self.hubs[-1].newer = True
        self.late: list[tuple[HubMachine, bytes, bytes]] = []
        self.watch = Watch(self)
        self._found()
        self.faults = faults

    def _found(self) -> None:
        """The household begins on the first hub, or at the cloud."""
        for hub in self.hubs:
            hub.enrol(self.cloud)
            self.cloud.write(
                Cell(Kind.HUB, hub.id), lambda ordering, at: Pen(ordering.tag(at), NOTHING, at).climb(), None
            )
        place = AtHub(self.hubs[0])
        owner = self.chance.bytes()
        place.write(Cell(Kind.USER, owner), place.pen().climb(ACTIVE), None)
        place.write(Cell(Kind.ROLE, owner), place.pen().role("owner"), None)
        self.converge()
        self.cloud.back_up()

    def say(self, *words: object) -> None:
        """A line of the trace."""
        self.trace.append(" ".join(map(str, words)))

    # ---- the line

    def line(self, hub: HubMachine, raw: bytes) -> bytes | None:
        """What a request and its answer meet on their way, if anything."""
        key = hub.store.me().key
        if hub.cut_off:
            return None
        if not self.faults or not self.chance.one_in(3):
            return self.cloud.answer(hub.id, key, raw)
        return self._bad_line(hub, key, raw)

    def _bad_line(self, hub: HubMachine, key: bytes, raw: bytes) -> bytes | None:
        fault = self.chance.of(
            ("drop", "lost", "twice", "late", "flip", "cut", "flip answer", "busy", "kill", "one way")
        )
        self.say("  line:", fault)
        if fault == "drop":
            return None
        if fault == "busy":
            return encode(Refusal("busy", 1000))
        if fault in {"flip", "cut"}:
            return self.cloud.answer(hub.id, key, self._damaged(raw, fault))
        if fault == "kill":
            self.cloud.store.disk.fuse = self.chance.below(12)
        said = self.cloud.answer(hub.id, key, raw)
        self.cloud.store.disk.fuse = None
        if fault == "twice":
            self.cloud.answer(hub.id, key, raw)
        if fault == "late":
            self.late.append((hub, key, raw))
        if fault == "flip answer" and said is not None:
            return self._damaged(said, self.chance.of(("flip", "cut")))
        return None if fault in {"lost", "one way"} else said

    def _damaged(self, raw: bytes, how: str) -> bytes:
        place = self.chance.below(len(raw))
        return (
            raw[:place]
            if how == "cut"
            else raw[:place] + bytes([raw[place] ^ 1 << self.chance.below(8)]) + raw[place + 1 :]
        )

    # ---- steps

    def run(self, steps: int) -> None:
        """So many steps, then peace, then everything that must hold."""
        for number in range(steps):
            self.say(f"{number}:")
            self.step()
            self.watch.look()
        self.peace()
        self.watch.end()

    def step(self) -> None:
        """Somebody acts, a hub talks, or something goes wrong."""
        dice = self.chance.below(10)
        hub = self.chance.of(self.hubs)
        if dice < 4:
            self._act(hub)
        elif dice < 9 or not self.faults:
            self.talk(hub)
        else:
            self._fault(hub)

    def _act(self, hub: HubMachine) -> None:
        if self.chance.one_in(4):
            self.say(self.people.act(AtCloud(self.cloud)), "at the cloud")
        elif hub.may_write:
            if self.faults and self.chance.one_in(15):
                hub.store.disk.fuse = self.chance.below(4)
            self.say(self.people.act(AtHub(hub)), "on", hub.id)
            hub.store.disk.fuse = None

    def talk(self, hub: HubMachine) -> None:
        """One request of a hub's."""
        if self.faults and self.chance.one_in(10):
            hub.store.disk.fuse = self.chance.below(10)
        if self.chance.one_in(2):
            self.say(hub.id, "pushes", type(hub.send(self.line, 1 + self.chance.below(8))).__name__)
        else:
            lane = self.chance.of(list(Lane))
            self.say(hub.id, "pulls", lane.name, type(hub.fetch(self.line, lane)).__name__)
        hub.store.disk.fuse = None

    def _fault(self, hub: HubMachine) -> None:
        faults: list[Callable[[HubMachine], None]] = [
            *(self._cut_line, self._cut_line, self._kill, self._time_passes, self._back_up, self._back_up),
            *(self._come_late, self._come_late, self._rotate, self._bury, self._clock_lies),
            *(self._back_up_hub, self._restore_hub, self._lose_writes, self._restore_cloud, self._rot),
        ]
        fault = self.chance.of(faults)
        self.say("fault:", fault.__name__, hub.id)
        fault(hub)

    def _cut_line(self, hub: HubMachine) -> None:
        hub.cut_off = not hub.cut_off

    def _kill(self, hub: HubMachine) -> None:
        hub.boot()

    def _time_passes(self, _: HubMachine) -> None:
        self.cloud.now += self.chance.of((DAY, 100 * DAY, 200 * DAY))

    def _clock_lies(self, _: HubMachine) -> None:
        self.cloud.now = self.chance.of((0, self.cloud.now - 30 * DAY, 4_070_908_800_000, self.cloud.now))

    def _back_up(self, _: HubMachine) -> None:
        self.cloud.back_up()

    def _bury(self, _: HubMachine) -> None:
        self.cloud.bury()

    def _come_late(self, _: HubMachine) -> None:
        if self.late:
            late, key, raw = self.late.pop(0)
            self.cloud.answer(late.id, key, raw)

    def _rotate(self, hub: HubMachine) -> None:
        """A new key, which the old one introduces; the answer may be lost at any point."""
        if not hub.store.me().pending:
            fresh = self.chance.bytes()
            hub.do(lambda: hub.store.put_me(replace(hub.store.me(), next_key=fresh, greeted=False)))

    def _back_up_hub(self, hub: HubMachine) -> None:
        hub.backup = hub.store.disk.copy()

    def _restore_hub(self, hub: HubMachine) -> None:
        """The database alone is restored; its copy is not."""
        if hub.backup is not None:
            hub.store.disk.restore(hub.backup)
            self._has_lost(hub)

    def _lose_writes(self, hub: HubMachine) -> None:
        """The disk had lied about what it had written."""
        hub.store.disk.lose(1 + self.chance.below(3))
        self._has_lost(hub)

    def _has_lost(self, hub: HubMachine) -> None:
        hub.boot()
        self.watch.forget(hub)
        self.ledger.facts = [fact for fact in self.ledger.facts if fact.node != hub.id or self._survives(hub, fact)]

    def _survives(self, hub: HubMachine, fact: Fact) -> bool:
        return self._at_cloud(fact) or self._on_hub(hub, fact)

    def _at_cloud(self, fact: Fact) -> bool:
        end = self.cloud.store.end(fact.node, fact.incarnation, lane_of(fact.cell.kind))
        return end.head.number >= fact.number

    @staticmethod
    def _on_hub(hub: HubMachine, fact: Fact) -> bool:
        held = [each for each in hub.store.entries() if each.cell == fact.cell]
        return any(each.number >= fact.number for each in held) and fact.incarnation <= hub.store.me().incarnation

    def _restore_cloud(self, _: HubMachine) -> None:
        """Back to its last backup; what only it knew is lost."""
        self.cloud.restore()
        self.watch.forget_cloud()
        hubs = {each.id: each for each in self.hubs}

        def survives(fact: Fact) -> bool:
            if fact.node not in hubs:
                return (fact.incarnation, fact.number) <= self.cloud.backed_up
            return self._at_cloud(fact) or self._on_hub(hubs[fact.node], fact)

        self.ledger.facts = [fact for fact in self.ledger.facts if survives(fact)]

    def _rot(self, hub: HubMachine) -> None:
        """A bit of a hub's database flips, in a row of profiles: only comparing finds it."""
        rows = hub.store.rows(Lane.IDENTITY)
        if rows:
            row = self.chance.of(rows)
            hub.do(lambda: hub.store.put_row(replace(row, state=b"\x80")))

    # ---- peace

    def peace(self) -> None:
        """The line is good, nobody writes, and owners enrol anew whoever was locked out."""
        self.say("peace")
        self.faults = False
        for hub in self.hubs:
            hub.cut_off = False
        self.converge()

    def converge(self) -> None:
        """Talk until nothing is left to say."""
        for _ in range(ROUNDS):
            calm = [self._round(hub) for hub in self.hubs]
            if all(calm):
                return
        raise AssertionError("20: they don't come to rest")

    def _round(self, hub: HubMachine) -> bool:
        """All that a hub has to say and to hear; whether that was nothing."""
        for _ in range(30):
            if hub.send(self.line) is None:
                break
        if hub.store.me().locked or not self._known(hub):
            self.say("enrolled anew:", hub.id)
            hub.enrol(self.cloud)
            return False
        calm = not hub.store.me().pending
        for lane in Lane:
            page = hub.fetch(self.line, lane)
            calm = calm and page is not None and page.whole and not page.rows and page.agrees is not False
            if page is not None and page.agrees is False:
                self.say("they differ:", hub.id, lane.name, hub.mend(self.line, lane))
        return calm and all(entry.passed for entry in hub.store.entries())

    def _known(self, hub: HubMachine) -> bool:
        member = self.cloud.store.member(hub.id)
        return member is not None and hub.store.me().key in member.keys
