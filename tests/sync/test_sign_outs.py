"""Signing out everywhere, time and again: what one mark ends stays ended, and they don't add up."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rex_auth_edge.sync.house import session_lives
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import START
from rex_auth_edge.sync.outcome import Verdict
from rex_auth_edge.sync.rules.sign_outs import without_needless
from rex_auth_edge.sync.state import Cell, Incoming
from rex_auth_edge.sync.verdict import added
from tests.sync.houses import HUB_A, HUB_B, NOAH, PlainHouse, Writer, household

OUT = Cell(Kind.SIGN_OUT, NOAH)


class TidyHouse(PlainHouse):
    """One that clears away what is needless, as the cloud's ordering does."""

    def take(self, change: Incoming) -> Verdict:
        """See `PlainHouse`."""
        self.seq += 1
        verdict, delta = added(change, self, self.at)
        if change.cell.kind == Kind.SIGN_OUT:
            delta = without_needless(change, delta, self)
        self.cells[change.cell] = join(self.state(change.cell), delta)
        return verdict


class Two:
    """A plain and a tidy house that hear the same of two hubs, whose sessions may arrive after their sign-outs."""

    def __init__(self) -> None:
        self.plain, _ = household()
        self.tidy = TidyHouse()
        self.tidy.cells, self.tidy.seq = dict(self.plain.cells), self.plain.seq
        self.hubs = [Writer(HUB_A, 2), Writer(HUB_B, 2)]
        self.waiting: list[tuple[int, Incoming]] = []
        self.sessions: list[bytes] = []

    def do(self, act: str, number: int, which: int) -> None:
        """One of them does something, or what one has to say of its sessions or sign-outs arrives."""
        hub = self.hubs[number]
        if act == "begin":
            self.sessions.append(len(self.sessions).to_bytes(16))
            self.waiting.append((number, hub.climb(Kind.SESSION, self.sessions[-1], user=NOAH)))
        elif act == "out":
            spared = [None, *self.sessions]
            self.waiting.append((number, hub.mark(Kind.SIGN_OUT, NOAH, spared[which % len(spared)])))
        elif act == "read":
            hub.seen = self.plain.all_seen()
        else:
            self.arrive(number, act)

    def arrive(self, number: int, kind: str) -> None:
        """All that the hub has to say of this."""
        for each in [each for each in self.waiting if each[0] == number and each[1].cell.kind == kind]:
            self.waiting.remove(each)
            for house in (self.plain, self.tidy):
                house.take(each[1])


ACTS = st.tuples(
    st.sampled_from(["begin", "out", "out", "read", str(Kind.SESSION), str(Kind.SIGN_OUT)]),
    st.integers(0, 1),
    st.integers(0, 9),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTS, min_size=4, max_size=24))
def test_what_is_cleared_away_was_needless(acts: list[tuple[str, int, int]]) -> None:
    """Every session lives or is over just as if all marks were kept, whoever knew of what and whatever comes first."""
    both = Two()
    for act in [*acts, *((str(kind), hub, 0) for kind in (Kind.SIGN_OUT, Kind.SESSION) for hub in (0, 1))]:
        both.do(*act)
        for session in both.sessions:
            lives = session_lives(both.plain, session)
            assert session_lives(both.tidy, session) == lives, (act, session)


def test_they_do_not_add_up() -> None:
    """However often somebody signs out everywhere else, each time from another session, a mark or two are left."""
    both = Two()
    for number in range(50):
        hub = number % 2
        both.do("read", hub, 0)
        both.do("begin", hub, 0)
        both.do(str(Kind.SESSION), hub, 0)
        both.do("out", hub, len(both.sessions))
        both.do(str(Kind.SIGN_OUT), hub, 0)
    assert len(both.plain.state(OUT).marks) == 50
    assert len(both.tidy.state(OUT).marks) <= 2
    assert [session_lives(both.tidy, each) for each in both.sessions] == [False] * 49 + [True]


def test_nobody_lifts_one() -> None:
    """A hub that says that it does brings no session back."""
    house, here = household()
    house.take(here.climb(Kind.SESSION, b"1" * 16, user=NOAH))
    house.take(here.mark(Kind.SIGN_OUT, NOAH, None))
    here.seen = house.all_seen()
    house.take(here.lift(Kind.SIGN_OUT, NOAH))
    state = house.state(OUT)
    assert (len(state.marks), state.cleared, state.own) == (1, START, ())
    assert not session_lives(house, b"1" * 16)
