"""Nobody is worn out by a device's asking; and in whatever order things happen, only what was agreed to is granted."""

from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain import confirming as rules
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, SECOND
from rex_auth_edge.domain.confirming import ConfirmationState, IllegalMoveError, unless_illegal
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows.devices import agreeing, confirming
from rex_auth_edge.flows.devices.confirming import Asked, Wish
from rex_auth_edge.storage import confirmations, devices
from rex_auth_edge.storage.device_tables import confirmations as table
from rex_auth_edge.storage.tx import Tx
from tests.devices.machines import Machine
from tests.voice.speaking import Scene, claims


@dataclass
class Bench:
    """The flows themselves, for what is done often: one device, and Maya, who signed in just now."""

    stage: Scene
    machine: Machine
    shown: list[int] = field(default_factory=list)

    @property
    def maya(self) -> Principal:
        """She, by her session."""
        said = claims(self.stage.cast.maya.access_token)
        return Principal(UUID(said["tenant_id"]), UUID(said["sub"]), UUID(said["sid"]), said["exp"])

    @property
    def now(self) -> int:
        """Milliseconds of the boot clock."""
        return self.stage.cast.home.clock.boot

    async def ask(self) -> Asked | Refused:
        """Ask Maya."""
        parts = self.stage.cast.home.hub.parts
        tenant, device = self.maya.tenant_id, UUID(self.machine.id)
        row = await parts.store.read(lambda conn: devices.get(conn, tenant, device))
        made = await confirming.ask(parts, row, Wish("maya", None), Caller())
        if isinstance(made, Asked):
            self.shown.append(self.now)
        return made

    async def answer(self, *, agree: bool) -> bool:
        """Her answer to the newest; whether it counted."""
        parts, me = self.stage.cast.home.hub.parts, self.maya
        rows = await parts.store.read(lambda conn: confirmations.of_person(conn, me.tenant_id, me.user_id))
        if not rows:
            return False
        decided = agreeing.approve if agree else agreeing.deny
        return await decided(parts, me, rows[-1].id, Caller()) is None

    async def poll(self, code: str) -> bool:
        """Whether there is a token for it."""
        parts = self.stage.cast.home.hub.parts
        tenant, device = self.maya.tenant_id, UUID(self.machine.id)
        row = await parts.store.read(lambda conn: devices.get(conn, tenant, device))
        return not isinstance(await confirming.redeem(parts, row, code, Caller()), Refused)


async def worn(bench: Bench, until: int) -> None:
    """Ask as soon as it goes, be refused each time, and not a second sooner."""
    clock = bench.stage.cast.home.clock
    while clock.boot < until:
        made = await bench.ask()
        if isinstance(made, Asked):
            assert await bench.answer(agree=False)
            continue
        assert (made.code, made.retry_after is not None) == (Code.CONFIRMATION_PAUSED, True)
        clock.advance((made.retry_after or 1) * SECOND - SECOND)
        assert isinstance(await bench.ask(), Refused)
        clock.advance(SECOND)


async def test_one_device_in_a_day(stage: Scene) -> None:
    """7 times in 24 hours, at the minutes that are documented; then 4 times a day."""
    bench = Bench(stage, stage.voice)
    start = bench.now
    await worn(bench, start + DAY)
    assert [(at - start) // MINUTE for at in bench.shown] == [0, 1, 6, 36, 396, 756, 1116]
    await worn(bench, start + 3 * DAY)
    assert len([at for at in bench.shown if at >= start + DAY]) <= 8


async def test_many_devices_in_a_day(stage: Scene) -> None:
    """12 times in any 24 hours, however many devices take turns; an answer of yes doesn't count."""
    benches = [Bench(stage, await stage.device(name=f"Voice {number}")) for number in range(4)]
    clock, shown = stage.cast.home.clock, list[int]()
    for _ in range(60):
        for bench in benches:
            if isinstance(await bench.ask(), Asked):
                shown.append(clock.boot)
                await bench.answer(agree=False)
        clock.advance(HOUR)
    for first in shown:
        assert len([at for at in shown if first <= at < first + DAY]) <= 12
    assert len([at for at in shown if at < shown[0] + DAY]) == 12


async def test_three_wait_at_a_time(stage: Scene) -> None:
    """Of one device one, of all of them three."""
    benches = [Bench(stage, await stage.device(name=f"Voice {number}")) for number in range(4)]
    made = [await bench.ask() for bench in benches]
    assert [isinstance(each, Asked) for each in made] == [True, True, True, False]


async def test_nobody_waits_after_a_yes(stage: Scene) -> None:
    """Who agrees may be asked again at once, and what was refused before is forgiven."""
    bench = Bench(stage, stage.voice)
    for agree in (False, True, True, False):
        made = await bench.ask()
        assert isinstance(made, Asked)
        assert await bench.answer(agree=agree)
        stage.cast.home.clock.advance(0 if agree else MINUTE)


async def test_forgotten_after_a_day(stage: Scene) -> None:
    """A day later nothing of it is in the database, by time that has been seen to pass and by no other."""
    bench, home = Bench(stage, stage.voice), stage.cast.home
    await bench.ask()
    home.clock.step(30 * DAY)
    await home.keep_up()
    assert await bench.answer(agree=False)
    home.clock.advance(DAY)
    await home.keep_up()
    assert await home.store.read(lambda conn: conn.execute(sa.select(table)).all()) == []


async def test_whoever_comes_second_finds_it_moved(stage: Scene) -> None:
    """Also where two have read it at the same moment: only one moves it on."""
    bench, store, me = Bench(stage, stage.voice), stage.cast.home.store, Bench(stage, stage.voice).maya
    await bench.ask()
    (row,) = await store.read(lambda conn: confirmations.of_person(conn, me.tenant_id, me.user_id))

    def both(tx: Tx) -> list[bool]:
        return [confirmations.move(tx, row, to) for to in (ConfirmationState.APPROVED, ConfirmationState.DENIED)]

    assert await store.write(both) == [True, False]


STEPS = st.lists(
    st.sampled_from(["ask", "yes", "no", "poll", *(str(seconds) for seconds in (1, 30, 60, 121, 1800, 21_600))]),
    min_size=4,
    max_size=20,
)


@dataclass
class Story:
    """What has to hold while things happen: `vain` counts what wasn't agreed to in a row."""

    bench: Bench
    codes: list[str] = field(default_factory=list)
    agreed: dict[str, int] = field(default_factory=dict)
    vain: int = 0

    async def ask(self) -> None:
        """Pauses hold."""
        made = await self.bench.ask()
        if isinstance(made, Asked):
            if self.vain:
                assert self.bench.shown[-1] - self.bench.shown[-2] >= rules.pause(self.vain)
            self.codes.append(made.code)
            self.vain += 1

    async def answer(self, *, agree: bool) -> None:
        """Only in time."""
        counted = await self.bench.answer(agree=agree)
        assert not counted or self.bench.now < self.bench.shown[-1] + rules.USUAL
        if counted and agree:
            self.agreed[self.codes[-1]], self.vain = self.bench.now, 0

    async def poll(self) -> None:
        """A token only for what was agreed to, once and soon."""
        for code in self.codes:
            if await self.bench.poll(code):
                assert self.bench.now < self.agreed.pop(code) + rules.FOR_THE_DEVICE

    def advance(self, seconds: int) -> None:
        """After a day all is forgiven."""
        self.bench.stage.cast.home.clock.advance(seconds * SECOND)
        if self.bench.shown and self.bench.now - self.bench.shown[-1] >= DAY:
            self.vain = 0


def clear(tx: Tx) -> None:
    """As if nobody had ever been asked."""
    tx.conn.execute(sa.delete(table))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_in_any_order(stage: Scene, steps: list[str]) -> None:
    """A token only for what was agreed to in time and fetched within a minute, once; pauses that hold."""
    await stage.cast.home.store.write(clear)
    await stage.cast.maya.sign_in("maya")
    story = Story(Bench(stage, stage.voice))
    for step in steps:
        if step.isdecimal():
            story.advance(int(step))
        elif step == "ask":
            await story.ask()
        elif step == "poll":
            await story.poll()
        else:
            await story.answer(agree=step == "yes")


@given(st.sampled_from(list(ConfirmationState)), st.sampled_from(list(ConfirmationState)))
def test_states_only_go_forward(before: ConfirmationState, after: ConfirmationState) -> None:
    """Nothing leads back, and nothing leads on from an end."""
    order = [ConfirmationState.PENDING, ConfirmationState.APPROVED]
    try:
        unless_illegal(before, after)
    except IllegalMoveError:
        return
    assert before in order
    assert after not in order[: order.index(before) + 1]
    assert (after is ConfirmationState.REDEEMED) <= (before is ConfirmationState.APPROVED)
