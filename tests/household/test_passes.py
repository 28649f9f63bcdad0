"""Guests' passes: good at doors without the hub, for as long as they are meant, and for nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.client.reasons import Reason
from rex_auth_edge.client.verify import Holder
from rex_auth_edge.domain import passes as rules
from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE, ClockState
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.flows import upkeep
from rex_auth_edge.storage import rebirth
from rex_auth_edge.storage.guest_tables import guest_passes
from tests.devices.machines import joined
from tests.doubles import HandClock
from tests.household.cast import Cast, cast
from tests.household.doors import Door
from tests.hub import Household
from tests.tenancy.routes import filled

Json = dict[str, Any]
VISIT = {"name": "Ada", "scopes": "door.open", "ends": "8h"}


@pytest.fixture
async def they(home: Household) -> AsyncIterator[Cast]:
    """Maya's household."""
    async with cast(home) as made:
        yield made


@pytest.fixture
async def ada(home: Household) -> AsyncIterator[httpx.AsyncClient]:
    """The guest's phone."""
    async with home.client("192.168.1.88") as client:
        yield client


async def made(they: Cast, **more: str) -> Json:
    """What Maya gets who makes a pass."""
    answer = await they.maya.client.post("/household/passes", json=VISIT | more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def shown(ada: httpx.AsyncClient, secret: str) -> Json:
    """What the guest's phone is told."""
    answer = await ada.post("/oauth/pass", json={"secret": secret})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def door(home: Household, tmp_path: Path) -> Door:
    """The front door."""
    return Door(home, tmp_path / "door")


async def test_a_visit(they: Cast, ada: httpx.AsyncClient, door: Door) -> None:
    """The door opens for the guest with no hub in reach, for what the pass is for, until it ends."""
    given_out = await made(they, ends="40m")
    await door.meet()
    token = (await shown(ada, given_out["secret"]))["access_token"]
    holder = door.opens(token)
    assert isinstance(holder, Holder)
    assert (holder.subject, holder.client, holder.actor) == (given_out["id"], None, None)
    assert holder.claims["kind"] == "guest"
    assert "cnf" not in holder.claims
    assert door.opens(given_out["token"]) != Reason.EXPIRED
    assert door.opens(token, "lights") == Reason.SCOPE
    they.home.clock.advance(14 * MINUTE)
    assert isinstance(door.opens(token), Holder)
    they.home.clock.advance(26 * MINUTE)
    assert door.opens(token) == Reason.EXPIRED
    answer = await ada.post("/oauth/pass", json={"secret": given_out["secret"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_grant")


async def test_revoked(they: Cast, ada: httpx.AsyncClient, door: Door) -> None:
    """The hub refuses it at once; a door does with its next list, which it has to have within 15 minutes."""
    given_out = await made(they)
    token = (await shown(ada, given_out["secret"]))["access_token"]
    await door.meet()
    answer = await they.maya.client.delete(f"/household/passes/{given_out['id']}")
    assert answer.status_code == 200
    assert (await ada.post("/oauth/pass", json={"secret": given_out["secret"]})).status_code == 400
    assert isinstance(door.opens(token), Holder)
    they.home.clock.advance(15 * MINUTE)
    assert door.opens(token) == Reason.LIST_STALE
    await door.meet()
    assert door.opens(token) == Reason.REVOKED
    await they.renew()
    (row,) = (await they.maya.client.get("/household/passes")).json()["passes"]
    assert (row["status"], row["seen_from"]) == ("revoked", "192.168.1.88")
    assert (await they.maya.client.delete(f"/household/passes/{given_out['id']}")).status_code == 404


async def test_before_its_time(they: Cast, ada: httpx.AsyncClient, door: Door) -> None:
    """A pass for later is a token within a day of its beginning, and opens nothing before."""
    given_out = await made(they, starts="2d", ends="3h")
    assert given_out["token"] is None
    assert (await shown(ada, given_out["secret"]))["access_token"] is None
    they.home.clock.advance(DAY + HOUR)
    token = (await shown(ada, given_out["secret"]))["access_token"]
    await door.meet()
    assert door.opens(token) == Reason.NOT_YET_VALID
    they.home.clock.advance(23 * HOUR)
    await door.meet()
    assert isinstance(door.opens(token), Holder)
    they.home.clock.advance(HOUR)
    await door.meet()
    assert door.opens(token) == Reason.EXPIRED
    assert isinstance(door.opens((await shown(ada, given_out["secret"]))["access_token"]), Holder)


async def test_a_week(they: Cast, ada: httpx.AsyncClient) -> None:
    """Of a longer pass no token is good for more than a day: the guest's phone fetches another."""
    given_out = await made(they, ends="7d")
    for _ in range(6):
        told = await shown(ada, given_out["secret"])
        assert told["expires_in"] == DAY // 1000
        they.home.clock.advance(DAY)
    they.home.clock.advance(20 * HOUR)
    assert (await shown(ada, given_out["secret"]))["expires_in"] == 4 * HOUR // 1000


async def test_it_fits_a_qr_code(they: Cast) -> None:
    """The token is short enough for a code that a camera reads off a phone."""
    token = (await made(they, scopes="door.open gate.open lights.hall"))["token"]
    assert len(token) < 1273  # version 25 in bytes at level L (ISO/IEC 18004)


async def test_times_are_said_in_many_ways(they: Cast) -> None:
    """Lengths of time or times with their zone; what is neither, or out of bounds, is refused by its field."""
    begins = "2027-01-15T19:00+01:00"  # ten hours after the tests' time begins
    told = await made(they, starts=begins, ends="2027-01-15T21:30:00Z")
    assert (told["begins_at"], told["ends_at"]) == ("2027-01-15T18:00:00.000Z", "2027-01-15T21:30:00.000Z")
    for wrong in ("starts", "31d"), ("starts", "2027-01-15T19:00"), ("starts", "2020-01-01T00:00Z"), ("ends", "4m"):
        answer = await they.maya.client.post("/household/passes", json=VISIT | dict([wrong]))
        assert (answer.status_code, *answer.json()["fields"]) == (400, wrong[0]), wrong
    for field, value in ("ends", "31d"), ("ends", ""), ("name", " "), ("scopes", "hub.introspect"), ("scopes", ""):
        answer = await they.maya.client.post("/household/passes", json=VISIT | {field: value})
        assert (answer.status_code, *answer.json()["fields"]) == (400, field)
    they.home.clock.state = ClockState.FLOOR
    answer = await they.maya.client.post("/household/passes", json=VISIT | {"starts": begins})
    assert (answer.status_code, *answer.json()["fields"]) == (400, "starts")


@pytest.mark.parametrize("how", ["disabled", "removed", "demoted"])
async def test_the_maker_goes(how: str, they: Cast, ada: httpx.AsyncClient) -> None:
    """A pass ends with the right of whoever has made it; others' passes go on."""
    person = await they.join(Role.OWNER)
    answer = await person.client.post("/household/passes", json=VISIT)
    other = await made(they)
    await they.end(person, how)
    assert (await ada.post("/oauth/pass", json={"secret": answer.json()["secret"]})).status_code == 400
    assert (await shown(ada, other["secret"]))["access_token"]
    statuses = [row["status"] for row in (await they.maya.client.get("/household/passes")).json()["passes"]]
    assert statuses == ["open", "revoked"]


async def test_it_is_no_account(they: Cast, ada: httpx.AsyncClient) -> None:
    """No route of people takes a pass's token or secret, and it is no device's either; doors do (forward-auth)."""
    given_out = await made(they)
    things = await they.things()
    for shown_as in (given_out["token"], given_out["secret"]):
        for route in they.routes:
            if route.anybody or route.path.endswith("/auth/forward"):
                continue
            path = filled(route, tuple(things.get(kind, things["pass"]) for kind in route.kinds))
            answer = await ada.request(route.method, path, headers={"authorization": f"Bearer {shown_as}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), route
    refused = await ada.post("/oauth/introspect", data={"token": given_out["token"], "client_id": given_out["id"]})
    assert refused.status_code == 401


async def test_introspected(they: Cast, ada: httpx.AsyncClient) -> None:
    """What can't verify asks the hub, which knows at once; a pass for later isn't good before, whatever reboots."""
    asker = await joined(they.maya.client, ada)
    today, later = await made(they), await made(they, starts="2h")
    told = (await asker.post("/oauth/introspect", {"token": today["token"]}, know=True)).json()
    assert (told["active"], told["sub"], told["scope"], told["kind"]) == (True, today["id"], "door.open", "guest")
    assert "client_id" not in told
    assert (await asker.post("/oauth/introspect", {"token": later["token"]}, know=True)).json() == {"active": False}
    they.home.clock.reboot()
    assert (await asker.post("/oauth/introspect", {"token": later["token"]}, know=True)).json() == {"active": False}
    they.home.clock.advance(2 * HOUR)
    assert (await asker.post("/oauth/introspect", {"token": later["token"]}, know=True)).json()["active"]
    await they.renew()
    await they.maya.client.delete(f"/household/passes/{later['id']}")
    assert (await asker.post("/oauth/introspect", {"token": later["token"]}, know=True)).json() == {"active": False}


async def test_secrets_are_not_guessed(ada: httpx.AsyncClient) -> None:
    """30 wrong ones a minute from an address, of 256 bits each."""
    answers = [await ada.post("/oauth/pass", json={"secret": f"{number}"}) for number in range(31)]
    assert [answer.status_code for answer in answers[-2:]] == [400, 429]


async def test_revoked_by_many_at_once(they: Cast) -> None:
    """One of them has done it, and the list's counter has risen."""
    given_out = await made(they)
    path = f"/household/passes/{given_out['id']}"
    answers = await asyncio.gather(*(they.maya.client.delete(path) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7


async def test_there_are_only_so_many(they: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the most that a household can have, another waits until one is over."""
    monkeypatch.setattr("rex_auth_edge.flows.household.passes.MOST", 2)
    answers = await asyncio.gather(*(they.maya.client.post("/household/passes", json=VISIT) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 400, 400]
    they.home.clock.advance(8 * HOUR)
    await they.renew()
    await made(they)


async def test_nothing_is_left(they: Cast, ada: httpx.AsyncClient) -> None:
    """Two days after its end nothing of a pass is in the database; its place in the list goes to nobody."""
    first = await made(they)
    await they.maya.client.delete(f"/household/passes/{(await made(they))['id']}")
    they.home.clock.advance(3 * DAY)
    await upkeep.purge(they.home.hub.parts, they.home.hub.authenticator)
    assert await they.home.store.read(lambda conn: conn.execute(guest_passes.select()).all()) == []
    assert (await ada.post("/oauth/pass", json={"secret": first["secret"]})).status_code == 400
    await they.renew()
    place = jwt.decode((await made(they))["token"], options={"verify_signature": False})["status"]["status_list"]["idx"]
    assert place == 2


async def test_restored_from_a_backup(they: Cast, ada: httpx.AsyncClient) -> None:
    """A pass may have been revoked after the backup, so none comes back to life."""
    given_out = await made(they)
    await they.home.store.write(rebirth.begin_again)
    assert (await ada.post("/oauth/pass", json={"secret": given_out["secret"]})).status_code == 400


MOVES: dict[str, Callable[[HandClock, int], None]] = {
    "pass": lambda clock, hours: clock.advance(hours * HOUR),
    "set": lambda clock, hours: clock.step((hours - 30) * DAY),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    starts=st.integers(0, 40),
    lasts=st.integers(1, 40),
    moves=st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 60)), max_size=6),
)
def test_whoever_moves_the_clock(starts: int, lasts: int, moves: list[tuple[str, int]]) -> None:
    """Within a boot a pass is good exactly while its hours run, whatever the wall clock is set to meanwhile."""
    clock = HandClock()
    when = rules.span(clock.now(), f"{starts}h" if starts else None, f"{lasts}h")
    assert isinstance(when, rules.Span)
    begins, ends = clock.now().after(when.begins), clock.now().after(when.ends)
    passed = 0
    for move, hours in moves:
        MOVES[move](clock, hours)
        passed += hours if move == "pass" else 0
        good = rules.until_begin(begins, clock.now()) <= 0 and not ends.passed(clock.now())
        assert good == (starts <= passed < starts + lasts)
