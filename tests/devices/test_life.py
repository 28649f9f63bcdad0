"""Devices ask, poll and are decided on in any order, while time passes: the model beside it agrees at every step."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.storage.store import Store
from tests.devices.machines import DEVICE_CODE, asked
from tests.devices.test_asking import ASKS, WINDOW
from tests.doubles import HandClock
from tests.examples import examples
from tests.hub import PASSWORD, Household, household

T = TypeVar("T")

bounded = settings(
    max_examples=examples(12), stateful_step_count=25, derandomize=True, database=None, deadline=None,
    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
LONG = {"ACCESS_TOKEN_EXPIRES_MINUTES": "1440"}
some = st.integers(0, 7)


@dataclass
class Known:
    """An ask as the model has it; times in seconds."""

    code: str
    user_code: str
    expires: int
    id: str = ""
    state: str = "pending"
    misses: int = 0
    pace: int = 5
    due: int = 0


@pytest.fixture
async def home(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub without rates."""
    made = await household(sqlite_store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false", **LONG)
    yield made
    await made.hub.close()


class Life(RuleBasedStateMachine):
    """A household's window and what asks at it."""

    home: Household
    owner: httpx.AsyncClient
    line: httpx.AsyncClient
    loop: asyncio.AbstractEventLoop
    numbers = count()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await on the hub's own loop, from hypothesis's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @initialize()
    def begin(self) -> None:
        """Nothing asks, and the window is open."""
        self.now, self.tries, self.closes, self.known = 0, 0, 0, list[Known]()
        self.prove()
        self.run(self.owner.delete(WINDOW))
        self.open()

    def prove(self) -> None:
        """A sign-in that is fresh."""
        answer = self.run(self.owner.post("/auth/reauthenticate", json={"password": PASSWORD}))
        assert answer.status_code == 200, answer.text

    def waiting(self) -> list[Known]:
        """Those that a code may still be typed for."""
        return [each for each in self.known if each.state == "pending" and each.expires > self.now]

    def one(self, which: int) -> Known:
        """Any that has ever asked."""
        return self.known[which % len(self.known)]

    @rule()
    def open(self) -> None:
        """Anew, with all its tries."""
        assert self.run(self.owner.post(WINDOW, json={"open_for": "3m"})).status_code == 200
        self.tries, self.closes = 20, self.now + 180

    @rule()
    def close(self) -> None:
        """Those that wait are refused."""
        assert self.run(self.owner.delete(WINDOW)).status_code == 200
        for each in self.waiting():
            each.state = "denied"
        self.tries = 0

    async def newcomer(self) -> dict[str, Any]:
        """Asks, from where nobody has asked before."""
        number = next(self.numbers)
        async with self.home.client(f"10.1.{number // 250}.{number % 250 + 1}") as client:
            return await asked(client)

    @rule()
    def ask(self) -> None:
        """While the window is open, and fewer than five wait; each from an address of its own."""
        if len(self.waiting()) < 5 and self.tries and self.now < self.closes:
            said = self.run(self.newcomer())
            self.known.append(Known(said["device_code"], said["user_code"], self.now + 300))
            self.known[-1].id = self.run(self.owner.get(ASKS)).json()["asks"][-1]["id"]
            self.tries -= 1
        else:
            form = {"client_id": "rex-device"}
            assert self.run(self.line.post("/oauth/device_authorization", data=form)).status_code in {403, 409}

    @rule(seconds=st.sampled_from([1, 5, 11, 60, 170]))
    def wait(self, seconds: int) -> None:
        """Time passes, and the owner proves again who they are."""
        self.home.clock.advance(seconds * SECOND)
        self.now += seconds
        self.prove()

    @precondition(lambda self: self.known)
    @rule(which=some)
    def poll(self, which: int) -> None:
        """In whatever state."""
        each = self.one(which)
        form = {"grant_type": DEVICE_CODE, "device_code": each.code}
        told = self.run(self.line.post("/oauth/token", data=form)).json()
        if each.expires <= self.now:
            assert told["error"] == "expired_token"
        elif each.state == "pending":
            hasty = self.now < each.due
            each.pace += 5 if hasty else 0
            each.due = self.now + each.pace
            assert told["error"] == ("slow_down" if hasty else "authorization_pending")
        elif each.state == "approved":
            assert told["client_secret"]
            each.state = "redeemed"
        else:
            ends = {"denied": "access_denied", "missed": "access_denied", "redeemed": "invalid_grant"}
            assert told["error"] == ends[each.state]

    @precondition(lambda self: self.known)
    @rule(which=some)
    def approve(self, which: int) -> None:
        """With its own code; where that no longer means anything, it is a guess like any other."""
        each = self.one(which)
        answer = self.run(self.owner.post(f"{ASKS}/{each.id}/approve", json={"code": each.user_code}))
        if each in self.waiting():
            assert answer.status_code == 200, answer.text
            each.state = "approved"
        else:
            assert answer.json()["code"] == "invalid_pairing_code"
            self.missed()

    @rule()
    def guess(self) -> None:
        """A wrong code."""
        answer = self.run(self.owner.post(f"{ASKS}/look", json={"code": "zebra zebra zebra zebra"}))
        assert answer.json()["code"] == "invalid_pairing_code"
        self.missed()

    def missed(self) -> None:
        """It counts against all that wait."""
        for each in self.waiting():
            each.misses += 1
            each.state = "missed" if each.misses == 5 else "pending"

    @precondition(lambda self: self.known)
    @rule(which=some)
    def deny(self, which: int) -> None:
        """Until it has come."""
        each = self.one(which)
        answer = self.run(self.owner.post(f"{ASKS}/{each.id}/deny"))
        alive = each.expires > self.now and each.state in {"pending", "approved"}
        assert answer.status_code == (200 if alive else 404)
        each.state = "denied" if alive else each.state

    @invariant()
    def what_waits_is_shown(self) -> None:
        """And nothing else."""
        shown = [each["id"] for each in self.run(self.owner.get(ASKS)).json()["asks"]]
        assert shown == [each.id for each in self.waiting()]


async def test_any_order(home: Household, owner: httpx.AsyncClient, line: httpx.AsyncClient) -> None:
    """Random acts, refused or done."""
    bound: type[Life] = type(
        "Bound", (Life,), {"home": home, "owner": owner, "line": line, "loop": asyncio.get_running_loop()}
    )
    await asyncio.to_thread(run_machine, bound, settings=bounded)
