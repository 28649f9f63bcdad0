"""When every owner is locked out: the label's secret, a day's delay that nothing shortens, and anybody's veto."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, Boot, Moment, Past
from rex_auth_edge.flows import upkeep
from rex_auth_edge.flows.household import presence
from rex_auth_edge.machine import BUILT
from rex_auth_edge.storage import rebirth
from rex_auth_edge.storage.guest_tables import recoveries
from tests.clock.homes import running
from tests.doubles import Machine
from tests.household.family import MAYA, NOAH, Family, family
from tests.hub import PASSWORD, Household, text_of

NEW = "Harbour-Lamp-77?"
START, FINISH = "/auth/recovery/start", "/auth/recovery/finish"


@pytest.fixture
async def them(home: Household) -> AsyncIterator[Family]:
    """Maya, who has forgotten her password, and Noah."""
    async with family(home) as made:
        yield made


@pytest.fixture
async def hall(home: Household) -> AsyncIterator[httpx.AsyncClient]:
    """A tablet beside the hub."""
    async with home.client("192.168.1.55") as client:
        yield client


async def label(home: Household) -> str:
    """The label's secret."""
    made = await presence.make_label(home.hub.parts, again=True)
    assert isinstance(made, str)
    return made


async def begun(home: Household, hall: httpx.AsyncClient) -> dict[str, str]:
    """What is typed a day later."""
    secret = await label(home)
    answer = await hall.post(START, json={"label_secret": secret})
    assert answer.status_code == 200, answer.text
    return {"label_secret": secret, "recovery_code": answer.json()["recovery_code"], "username": "maya"}


async def code_of(asking: Any) -> str:
    """Why not."""
    answer = await asking
    return str(answer.json().get("code", answer.status_code))


async def test_a_day_later(them: Family, hall: httpx.AsyncClient) -> None:
    """Maya gets a new password and everybody is told, at the beginning and at the end; it is good once."""
    typed = await begun(them.home, hall)
    shown = (await them.noah.get("/household/recovery")).json()["recovery"]
    assert shown["asked_from"] == "192.168.1.55"
    assert await code_of(hall.post(FINISH, json=typed)) == "recovery_not_due"
    them.home.clock.advance(DAY - MINUTE)
    assert await code_of(hall.post(FINISH, json=typed)) == "recovery_not_due"
    them.home.clock.advance(MINUTE)
    granted = (await hall.post(FINISH, json=typed)).json()
    assert await code_of(hall.post(FINISH, json=typed)) == "not_found"
    body = {"reset_token": granted["reset_token"], "new_password": NEW}
    assert (await hall.post("/auth/password/reset", json=body)).status_code == 200
    assert (await hall.post("/auth/login", json={"username": "maya", "password": NEW})).status_code == 200
    assert (await them.maya.post("/auth/login", json={"username": "maya", "password": PASSWORD})).status_code == 401
    for address in (MAYA, NOAH):
        told = [text_of(each) for each in await them.home.mail(address) if "Recovery" in each["Subject"]]
        assert ["begun to recover" in told[0], "was recovered" in told[1], len(told)] == [True, True, 2]


async def test_any_owner_stops_it(them: Family, hall: httpx.AsyncClient) -> None:
    """One request; then nothing is left of it, and another can begin."""
    typed = await begun(them.home, hall)
    assert await code_of(them.noah.post("/household/recovery/veto")) == "not_allowed"
    assert await code_of(hall.post(START, json=typed)) == "recovery_running"
    assert (await them.maya.post("/household/recovery/veto")).status_code == 200
    assert (await them.maya.get("/household/recovery")).json() == {"recovery": None}
    them.home.clock.advance(DAY)
    assert await code_of(hall.post(FINISH, json=typed)) == "not_found"
    assert (await hall.post(START, json=typed)).status_code == 200


@pytest.mark.parametrize("address", ["203.0.113.9", "127.0.0.1", "2001:db8::9"])
async def test_only_at_home(them: Family, address: str) -> None:
    """From elsewhere not even a right secret begins or ends anything."""
    async with them.home.client(address) as elsewhere:
        body = {"label_secret": await label(them.home), "recovery_code": "x", "username": "maya"}
        assert await code_of(elsewhere.post(START, json=body)) == "not_on_lan"
        assert await code_of(elsewhere.post(FINISH, json=body)) == "not_on_lan"


async def test_guessing(them: Family, hall: httpx.AsyncClient) -> None:
    """Five an hour of an address and thirty a day of all: a hundred bits outlast that by far."""
    typed = await begun(them.home, hall)
    wrong = typed | {"label_secret": "0000-0000-0000-0000-0000"}
    codes = [await code_of(hall.post(START, json=wrong)) for _ in range(6)]
    assert codes == ["invalid_label_secret"] * 5 + ["rate_limited"]
    for last in range(60, 70):
        async with them.home.client(f"192.168.1.{last}") as other:
            codes += [await code_of(other.post(START, json=wrong)) for _ in range(5)]
    assert codes.count("invalid_label_secret") == 30
    assert await code_of(hall.post(START, json=typed)) == "rate_limited"
    assert 30 * 365 * 1_000 / 2**100 < 1e-20


@pytest.mark.parametrize("wrong", ["recovery_code", "label_secret", "username"])
async def test_both_secrets_and_an_owner(them: Family, hall: httpx.AsyncClient, wrong: str) -> None:
    """Neither secret is enough, and nobody but an owner gets a password; the recovery goes on."""
    typed = await begun(them.home, hall)
    them.home.clock.advance(DAY)
    codes = {"recovery_code": "invalid_otp", "label_secret": "invalid_label_secret", "username": "not_found"}
    assert await code_of(hall.post(FINISH, json=typed | {wrong: "noah"})) == codes[wrong]
    assert await code_of(hall.post(FINISH, json=typed)) == "200"


async def test_at_the_same_moment(them: Family, hall: httpx.AsyncClient) -> None:
    """One of many begins, and one of many ends it, or an owner's veto does."""
    secret = await label(them.home)
    answers = await asyncio.gather(*(hall.post(START, json={"label_secret": secret}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    (code,) = [answer.json()["recovery_code"] for answer in answers if answer.status_code == 200]
    them.home.clock.advance(DAY)
    typed = {"label_secret": secret, "recovery_code": code, "username": "maya"}
    await them.home.login(them.maya, MAYA)
    asks = [hall.post(FINISH, json=typed) for _ in range(4)]
    ends = await asyncio.gather(*asks)
    assert sorted(answer.status_code for answer in ends) == [200, 404, 404, 404]


async def test_too_late(them: Family, hall: httpx.AsyncClient) -> None:
    """Three days after it was due it is over; a month later nothing is left."""
    typed = await begun(them.home, hall)
    them.home.clock.advance(4 * DAY)
    assert await code_of(hall.post(FINISH, json=typed)) == "not_found"
    them.home.clock.advance(31 * DAY)
    await upkeep.purge(them.home.hub.parts, them.home.hub.authenticator)
    assert await them.home.store.read(lambda conn: conn.execute(recoveries.select()).all()) == []


async def test_restored(them: Family, hall: httpx.AsyncClient) -> None:
    """A restore from a backup begins no recovery anew."""
    typed = await begun(them.home, hall)
    them.home.clock.advance(DAY)
    await them.home.store.write(rebirth.begin_again)
    assert await code_of(hall.post(FINISH, json=typed)) == "not_found"


@pytest.mark.parametrize("wall", [0, BUILT + 400 * DAY, 4_070_908_800_000])
async def test_reboots_shorten_nothing(tmp_path: Path, wall: int) -> None:
    """Whatever the clock says after a reboot, NTP's word included, the day is one that the hub has run."""
    machine, caller = Machine(ntp=True), Caller("192.168.1.9", on_lan=True)
    async with running(machine, tmp_path) as home, home.client() as client:
        await home.own(client, MAYA, "maya")
        secret = await label(home)
        begun = await presence.start(home.hub.parts, secret, None, caller)
        assert isinstance(begun, presence.Begun)
        machine.advance(20 * HOUR)
    machine.reboot(wall, ntp=True)
    async with running(machine, tmp_path) as home:
        asked = (home.hub.parts, secret, begun.code, "maya", None, caller)
        machine.advance(3 * HOUR)
        assert not isinstance(await presence.finish(*asked), presence.Granted)
        machine.advance(HOUR)
        assert isinstance(await presence.finish(*asked), presence.Granted)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(boots=st.lists(st.tuples(st.integers(0, 30), st.integers(-400, 400)), min_size=1, max_size=6))
def test_any_boots(boots: list[tuple[int, int]]) -> None:
    """Over any boots with any clocks, what is left is a day less the hours that the hub has run."""
    first = Moment(BUILT, b"0" * 16, 0, past=Past(b"0" * 16, {b"0" * 16: Boot(0)}))
    due, ran, known = first.after(presence.DELAY), 0, {b"0" * 16: Boot(0)}
    for number, (hours, days) in enumerate(boots):
        name = str(number).encode() * 16
        known[name] = Boot(ran)
        ran += hours * HOUR
        now = Moment(BUILT + days * DAY, name, hours * HOUR, past=Past(name, dict(known)))
        row = _Row(due.wall, due.boot_id, due.boot)
        assert presence.until_due(row, now) == presence.DELAY - ran


class _Row:
    def __init__(self, wall: int, boot_id: bytes, boot: int) -> None:
        self.due_at, self.due_boot_id, self.due_boot = wall, boot_id, boot
