"""People on both sides of a bad line, processes that are killed: what was confirmed is so in the end, on both sides.

A few steps in the suite; `REX_STORM=300 make test ARGS=tests/cloud/test_storm.py` for an hour of weather.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from rex_auth_edge import machine
from tests.cloud.pair import bearer, validated
from tests.cloud.street import Street, add, members, tokens, until
from tests.processes import Process
from tests.sync.simulation.chance import Chance

STEPS = int(machine.environment().get("REX_STORM", "16"))
SEED = int(machine.environment().get("REX_SEED", "7"))
ROLES = ("adult", "child", "guest")


@dataclass
class Storm:
    """What has been confirmed to somebody so far. `ended` are tokens of sessions that were ended, and who gave them."""

    street: Street
    chance: Chance
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    disabled: dict[str, bool] = field(default_factory=dict)
    ended: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def process(self, side: str) -> Process:
        """Who is asked there: the hub, or either process of the cloud."""
        pair = self.street.pair
        return self.street.hub if side == "hub" else self.chance.of((pair.one, pair.other))

    def owner(self, process: Process, side: str) -> dict[str, Any]:
        """Maya, freshly signed in."""
        return tokens(process, "maya", tenant="" if side == "hub" else self.street.tenant)

    def act(self) -> None:
        """Somebody does something on either side; it counts if it is confirmed."""
        side = self.chance.of(("hub", "cloud"))
        process = self.process(side)
        owner = self.owner(process, side)
        act = self.chance.of((self.add, self.add, self.remove, self.disable, self.sign_in_and_out))
        act(side, process, owner)

    def add(self, _side: str, process: Process, owner: dict[str, Any]) -> None:
        """Somebody new; in the cloud a role waits for an owner at home, so all are told apart by name only."""
        name = f"p{self.chance.bytes(4).hex()}"
        if add(process, owner, name, self.chance.of(ROLES)):
            self.added.add(name)

    def _somebody(self, process: Process, owner: dict[str, Any]) -> dict[str, Any] | None:
        there = self.added - self.removed
        known = [each for each in members(process, owner).values() if each["username"] in there]
        return self.chance.of(known) if known else None

    def remove(self, _side: str, process: Process, owner: dict[str, Any]) -> None:
        """Somebody is taken out for good."""
        if (who := self._somebody(process, owner)) is None:
            return
        with process.client() as client:
            if client.delete(f"/household/members/{who['user_id']}", headers=bearer(owner)).status_code == 200:
                self.removed.add(who["username"])

    def disable(self, _side: str, process: Process, owner: dict[str, Any]) -> None:
        """Somebody is disabled, and stays so: nobody here enables anybody."""
        if (who := self._somebody(process, owner)) is None:
            return
        with process.client() as client:
            if client.post(f"/household/members/{who['user_id']}/disable", headers=bearer(owner)).status_code == 200:
                self.disabled[who["username"]] = True

    def sign_in_and_out(self, side: str, process: Process, owner: dict[str, Any]) -> None:
        """A session begins and ends."""
        with process.client() as client:
            if client.post("/auth/logout", headers=bearer(owner)).status_code == 200:
                self.ended.append((side, owner))

    def weather(self) -> None:
        """The line, or the power."""
        line = self.street.line
        kinds: tuple[Callable[[], None], ...] = (
            line.mend,
            line.mend,
            self.slow,
            self.deaf,
            line.break_off,
            self.kill_hub,
            self.kill_cloud,
        )
        kind = self.chance.of(kinds)
        self.told.append(kind.__name__)
        kind()

    def slow(self) -> None:
        """Each piece takes 50 ms."""
        self.street.line.mend()
        self.street.line.delay = 0.05

    def deaf(self) -> None:
        """What is asked is done, and nobody hears the answer."""
        self.street.line.deaf = True

    def kill_hub(self) -> None:
        """And start it again."""
        self.street.hub.stop(signal.SIGKILL)
        self.street.start_hub()

    def kill_cloud(self) -> None:
        """One of its two processes, and start another."""
        self.street.pair.one.stop(signal.SIGKILL)
        self.street.start_cloud()


def test_nothing_confirmed_is_lost(street: Street) -> None:
    """Added people are there, removed ones gone, disabled ones disabled, ended sessions refused; both sides agree."""
    storm = Storm(street, Chance(SEED))
    for step in range(STEPS):
        if step % 4 == 3:
            storm.weather()
        with suppress(httpx.TransportError):
            storm.act()
    street.line.mend()
    until(lambda: street.console("sync", "now")["agreed_at"])
    seen = {}
    for side in ("hub", "cloud"):
        process = storm.process(side)
        seen[side] = members(process, storm.owner(process, side))
        assert storm.added - storm.removed <= set(seen[side]), (side, storm.told)
        assert not storm.removed & set(seen[side]), (side, storm.told)
        assert all(seen[side][name]["status"] == "disabled" for name in storm.disabled if name not in storm.removed)
    shown = [{name: (each["role"], each["status"]) for name, each in people.items()} for people in seen.values()]
    assert shown[0] == shown[1], storm.told
    for side, who in storm.ended:
        assert validated(storm.process(side), who).status_code == 401
    assert street.console("sync", "verify")
