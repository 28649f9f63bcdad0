"""One run: what happens in it, step by step, from its seed; with a trace to read when something is broken."""

from rex_auth_edge.sync.bodies import Page, Refusal
from rex_auth_edge.sync.kinds import ACTIVE, Kind
from rex_auth_edge.sync.order import NOTHING, Lane
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import encode
from tests.sync.simulation.bad_days import BadDays
from tests.sync.simulation.chance import Chance
from tests.sync.simulation.ledger import Ledger
from tests.sync.simulation.machines import CloudMachine, HubMachine
from tests.sync.simulation.people import People
from tests.sync.simulation.places import AtCloud, AtHub
from tests.sync.simulation.watch import Watch

ROUNDS = 40
"""Within so many rounds everybody has to agree once nobody writes any more."""


class World:
    """A household on two or three hubs and in the cloud."""

    def __init__(self, seed: int, *, faults: bool = True, now: int | None = None) -> None:
        self.faults = False
        self.chance = Chance(seed)
        self.trace: list[str] = []
        self.ledger = Ledger()
        self.people = People(self.chance, self.ledger)
        self.cloud = CloudMachine(self.chance)
        self.cloud.now = self.cloud.now if now is None else now
        self.hubs = [HubMachine(f"HUB-{number}".encode().ljust(16, b"-")) for number in range(2 + self.chance.below(2))]
        self.hubs[-1].newer = True
        self.late: list[tuple[HubMachine, bytes, bytes]] = []
        self.watch = Watch(self)
        self.bad_days = BadDays(self)
        self._found()
        self.faults = faults
        self.cloud.most = 1 + self.chance.below(6)
        for hub in self.hubs if faults else ():
            hub.most = 1 + self.chance.below(4)

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
            ("drop", "lost", "twice", "late", "flip", "cut", "flip answer", "busy", "kill", "one way", "deadlock")
        )
        self.say("  line:", fault)
        if fault == "drop":
            return None
        if fault == "busy":
            return encode(Refusal("busy", 1000))
        if fault in {"flip", "cut"}:
            return self.cloud.answer(hub.id, key, self._damaged(raw, fault))
        if fault in {"kill", "deadlock"}:
            return self._interrupted(hub, key, raw, again=fault == "deadlock")
        said = self.cloud.answer(hub.id, key, raw)
        if fault == "twice":
            self.cloud.answer(hub.id, key, raw)
        if fault == "late":
            self.late.append((hub, key, raw))
        if fault == "flip answer" and said is not None:
            return self._damaged(said, self.chance.of(("flip", "cut")))
        return None if fault in {"lost", "one way"} else said

    def _interrupted(self, hub: HubMachine, key: bytes, raw: bytes, *, again: bool) -> bytes | None:
        """The cloud's machine goes off in the middle, or its database gives up the transaction, which is run again."""
        self.cloud.store.disk.fuse = self.chance.below(12)
        said = self.cloud.answer(hub.id, key, raw)
        self.cloud.store.disk.fuse = None
        return self.cloud.answer(hub.id, key, raw) if said is None and again else said

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
        self._newcomer()

    def _newcomer(self) -> None:
        """A hub that comes last gets everything, and the same."""
        last = HubMachine(b"HUB-LAST--------")
        last.enrol(self.cloud)
        self.hubs.append(last)
        self.converge()
        self.watch.same_everywhere()

    def step(self) -> None:
        """Somebody acts, a hub talks, or something goes wrong."""
        dice = self.chance.below(10)
        hub = self.chance.of(self.hubs)
        if dice < 4:
            self._act(hub)
        elif dice < 9 or not self.faults:
            self.talk(hub)
        else:
            self.bad_days.fault(hub)

    def _act(self, hub: HubMachine) -> None:
        if self.chance.one_in(4):
            self.say(self.people.act(AtCloud(self.cloud, newer=self.cloud.newer)), "at the cloud")
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
        if self.chance.one_in(3):
            self.say(hub.id, "settles", hub.settle())
        hub.store.disk.fuse = None

    # ---- peace

    def peace(self) -> None:
        """The line is good, nobody writes, and owners enrol anew whoever was locked out."""
        self.say("peace")
        self.faults = False
        for hub in self.hubs:
            hub.cut_off = hub.full = False
        self.converge()
        if self.bad_days.remind():
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
            while hub.settle():
                pass
            if hub.send(self.line) is None:
                break
        if hub.store.me().locked or not self._known(hub):
            self.say("enrolled anew:", hub.id)
            hub.enrol(self.cloud)
            return False
        calm = not hub.store.me().pending
        for lane in Lane:
            page = self._read(hub, lane)
            calm = calm and page is not None and page.whole and not page.rows and page.agrees is not False
            if page is not None and page.agrees is False:
                self.say("they differ:", hub.id, lane.name, hub.mend(self.line, lane))
        while hub.settle():
            calm = False
        return calm and all(entry.passed for entry in hub.store.entries())

    def _read(self, hub: HubMachine, lane: Lane) -> Page | None:
        """A lane to its end."""
        page = hub.fetch(self.line, lane)
        for _ in range(100):
            if page is None or page.whole or page.partial:
                break
            page = hub.fetch(self.line, lane)
        return page

    def _known(self, hub: HubMachine) -> bool:
        member = self.cloud.store.member(hub.id)
        return member is not None and hub.store.me().key in member.keys
