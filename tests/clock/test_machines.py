"""A real hub, serving, while its wall clock is moved; and on a machine that has run for longer."""

import time

import httpx
import jwt
import pytest

from rex_auth_edge.domain.clock import DAY, SECOND
from rex_auth_edge.machine import BUILT, wall_milliseconds
from tests.bad_days.people import Session, sign_in, signed_up
from tests.clock.machines import Moved, needs_time_namespaces
from tests.hub import PASSWORD

MAYA, NOOR = "maya@example.com", "noor@example.com"
_2099 = 4_070_908_800_000
_MINUTE, _DAY = 60, 86400


def state(client: httpx.Client) -> str:
    """What health says of the clock. A hub under libfaketime may be too slow to be ready: each look reads a file."""
    ready = client.get("/health/ready").json()
    assert ready["clock_why"]
    return str(ready["clock"])


def becomes(client: httpx.Client, wanted: str) -> bool:
    """Whether health comes to say so: what the kernel has answered is kept for a second."""
    until = time.monotonic() + 10
    while state(client) != wanted and time.monotonic() < until:
        time.sleep(0.2)
    return state(client) == wanted


def wall(session: Session) -> int:
    """The hub's wall clock when it signed a token, in milliseconds since 1970."""
    return int(jwt.decode(session.access_token, options={"verify_signature": False})["iat"]) * SECOND


def banned(client: httpx.Client, email: str) -> bool:
    """Whether the right password is refused to a stranger's device."""
    client.cookies.clear()
    answer = client.post("/auth/login", json={"email": email, "password": PASSWORD})
    client.cookies.clear()
    return answer.status_code != 200


def ban(client: httpx.Client, email: str) -> None:
    """Four wrong passwords."""
    for _ in range(4):
        client.post("/auth/login", json={"email": email, "password": "Wrong-Guess-1!"})


@pytest.mark.parametrize(
    ("begins", "state_then"), [(0, "unknown"), (-7 * DAY, "floor"), (_2099, "floor")], ids=["1970", "last week", "2099"]
)
def test_steps_while_it_serves(moved: Moved, begins: int, state_then: str) -> None:
    """Wherever it boots and however it is stepped: tokens, refresh, codes and bans go on as if nothing had been."""
    moved.set(begins if begins >= 0 else wall_milliseconds() + begins)
    with moved.hub() as hub, hub.client() as client:
        assert state(client) == state_then
        session = signed_up(hub, client, MAYA)
        assert wall(session) >= BUILT
        ban(client, MAYA)
        begun = client.post("/auth/register/initiate", json={"email": NOOR, "password": PASSWORD})
        code = hub.read_until(r"code is (\d{6})")
        for seconds in (-_DAY, 70 * 365 * _DAY, -60 * 365 * _DAY):
            moved.shift(seconds)
            assert session.valid(client)
            session = session.refreshed(client)
            assert wall(session) >= BUILT
            assert banned(client, MAYA)
        proof = {"email": NOOR, "otp": code, "temp_token": begun.json()["temp_token"]}
        assert client.post("/auth/register/verify", json=proof).status_code == 200


def test_ntp_that_is_late_and_lies(moved: Moved) -> None:
    """No decision waits for NTP; a forged answer is over when the right one comes, and isn't on record."""
    moved.set(0)
    with moved.hub() as hub, hub.client() as client:
        early = signed_up(hub, client, MAYA)
        moved.set(_2099)
        moved.ntp(synced=True)
        assert becomes(client, "synced")
        misled = sign_in(client, MAYA)
        assert wall(misled) >= _2099 - 60 * SECOND
        moved.shift(0)
        assert becomes(client, "synced")
        assert abs(wall(sign_in(client, MAYA)) - wall_milliseconds()) < 60 * SECOND
        assert early.valid(client)
        assert misled.valid(client)
        moved.ntp(synced=False)
        moved.set(_2099)
        assert becomes(client, "holdover")
    with moved.hub() as hub, hub.client() as client:
        assert state(client) == "holdover"
        assert abs(wall(misled.refreshed(client)) - wall_milliseconds()) < 60 * SECOND


def test_boot_time_goes_on(moved: Moved) -> None:
    """Later in the same boot, the wall clock set back meanwhile: everything ends when its time has run."""
    needs_time_namespaces()
    with moved.hub() as hub, hub.client() as client:
        session = signed_up(hub, client, MAYA)
        ban(client, MAYA)
        begun = client.post("/auth/register/initiate", json={"email": NOOR, "password": PASSWORD})
        code = hub.read_until(r"code is (\d{6})")
    moved.shift(-3 * _DAY)
    with moved.hub(later=9 * _MINUTE) as hub, hub.client() as client:
        assert session.valid(client)
        assert banned(client, MAYA)
        proof = {"email": NOOR, "otp": code, "temp_token": begun.json()["temp_token"]}
        assert client.post("/auth/register/verify", json=proof).json()["code"] == "otp_expired"
    with moved.hub(later=59 * _MINUTE) as hub, hub.client() as client:
        assert not session.valid(client)
        session = session.refreshed(client)
        assert session.valid(client)
        assert banned(client, MAYA)
    with moved.hub(later=8 * _DAY) as hub, hub.client() as client:
        answer = client.post("/auth/token/refresh", json={"refresh_token": session.refresh_token})
        assert answer.status_code == 401
        assert not banned(client, MAYA)
