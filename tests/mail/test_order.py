"""Order and number of letters, over every interleaving of posting, delivering, failing and dying."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from email.message import EmailMessage

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.mail.carrier import Delivered, Outcome, Postponed, Rejected
from rex_auth_edge.mail.letters import Welcome
from tests.examples import examples
from tests.mail.posting import PostOffice

_OUTCOMES = (Delivered(), Postponed("Not now."), Postponed("Nobody now.", all=True), Rejected("Never."), None)
"""None is the end of the process."""

_steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.integers(0, 2)),
        st.tuples(st.just("drain"), st.lists(st.sampled_from(_OUTCOMES), max_size=3)),
        st.tuples(st.just("wait"), st.integers(0, 3_600_000)),
    ),
    max_size=25,
)


class DiedError(Exception):
    """The process has ended."""


class Moody:
    """A server that answers as it was drawn, and then takes everything; `answers` is (address, number, outcome)."""

    def __init__(self) -> None:
        self.moods: list[Outcome | None] = []
        self.answers: list[tuple[str, int, Outcome]] = []

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """As drawn."""
        for message in messages:
            outcome = self.moods.pop(0) if self.moods else Delivered()
            if outcome is None:
                raise DiedError
            text = message.get_body(("plain",))
            assert text is not None
            number = int(str(text.get_content()).split()[1].strip(","))
            self.answers.append((str(message["To"]), number, outcome))
            yield outcome
            if isinstance(outcome, Postponed) and outcome.all:
                return


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps)
async def test_letters_leave_in_order_and_once(office: PostOffice, steps: list[tuple[str, object]]) -> None:
    """To each address letters leave as they were posted, each confirmed once at most; in the end none is left over."""
    server, posted = Moody(), 0
    office.restart(server)
    for step, what in steps:
        match step, what:
            case "post", int(number):
                posted += 1
                await office.send(f"p{number}@test", Welcome(str(posted), "Home"))
            case "drain", list(moods):
                server.moods = moods
                try:
                    await office.drain.once()
                except DiedError:
                    office.restart(server)
            case "wait", int(milliseconds):
                office.clock.advance(milliseconds)
    server.moods = []
    for _ in range(posted):
        with suppress(DiedError):
            await office.after_a_pause()
    settled = [(address, number) for address, number, outcome in server.answers if not isinstance(outcome, Postponed)]
    assert sorted(number for _, number in settled) == list(range(1, posted + 1))
    for person in range(3):
        numbers = [number for address, number, _ in server.answers if address == f"p{person}@test"]
        assert numbers == sorted(numbers)
