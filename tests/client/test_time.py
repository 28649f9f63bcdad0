"""The rules of time, for every order of events: clocks set at will, reboots, tokens and lists that come at any time."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge import machine
from rex_auth_edge.client import device as device_clocks
from rex_auth_edge.client.clock import SAVED
from rex_auth_edge.client.limits import Limits
from rex_auth_edge.client.reasons import TokenRefusedError
from tests.client.homes import HOUR, TODAY, Body, Device, Home, new_key

KEY = new_key()
LONG = Limits(400 * HOUR, 400 * HOUR)
SECOND = 1_000
walls = st.one_of(st.sampled_from([0, TODAY, 4_070_908_800_000]), st.integers(0, 2 * TODAY))
passing = st.tuples(st.just("pass"), st.integers(0, 3 * HOUR // SECOND))
setting = st.tuples(st.just("set"), walls)
reboot = st.tuples(st.just("reboot"), walls)
sighting = st.tuples(st.just("sight"), st.just(0))
meeting = st.tuples(st.just("meet"), st.just(0))
Event = tuple[str, int]


def begun(folder: str) -> Device:
    """A device that has just met its hub."""
    home = Home(Body(), KEY)
    return Device(home, Path(folder) / "device", limits=LONG)


def happen(device: Device, event: Event) -> None:
    """Let one thing happen."""
    what, value = event
    body = device.home.body
    if what == "pass":
        body.advance(value * SECOND)
    elif what == "set":
        body.wall = value
    elif what == "reboot":
        body.reboot(value)
        device.start()
    elif what == "sight":
        accepted(device, device.home.token())
    else:
        device.known.adopt(device.home.jwks(), device.home.listed(400 * HOUR))


def accepted(device: Device, token: str) -> bool:
    """Whether a token is good now."""
    try:
        device.verifier.check(token)
    except TokenRefusedError:
        return False
    return True


@given(st.lists(st.one_of(passing, setting, sighting, meeting), max_size=12), st.integers(0, 5), st.integers(1, 20))
def test_no_clock_extends_a_life(events: list[Event], begins: int, lasts: int) -> None:
    """While the device stays on, no token is accepted before its `nbf` or from its `exp` on, by any clock."""
    with tempfile.TemporaryDirectory() as folder:
        device = begun(folder)
        first = TODAY + begins * HOUR // 2
        end = first + lasts * HOUR // 2
        token = device.home.token(nbf=first // SECOND, exp=end // SECOND)
        for event in events:
            happen(device, event)
            assert not accepted(device, token) or first <= device.home.body.true < end


@given(st.lists(st.one_of(passing, setting, reboot, sighting), max_size=12), st.integers(1, 20))
def test_a_reboot_gives_little(events: list[Event], lasts: int) -> None:
    """Each reboot gives a token five minutes at most, into whatever year it leads."""
    with tempfile.TemporaryDirectory() as folder:
        device, reboots = begun(folder), 0
        end = TODAY + lasts * HOUR // 2
        token = device.home.token(exp=end // SECOND)
        for event in events:
            happen(device, event)
            reboots += event[0] == "reboot"
            assert not accepted(device, token) or device.home.body.true < end + reboots * SAVED


@given(st.lists(st.one_of(passing, setting, sighting), max_size=12), st.integers(1, 20))
def test_once_told_the_time_the_device_keeps_it(events: list[Event], lasts: int) -> None:
    """Where the hub has told the time in this boot, no clock set wrongly ends a token early either."""
    with tempfile.TemporaryDirectory() as folder:
        device = begun(folder)
        device.known.adopt(device.home.jwks(), device.home.listed(400 * HOUR))
        device.known.told(TODAY // SECOND)
        end = TODAY + lasts * HOUR // 2
        token = device.home.token(exp=end // SECOND)
        for event in events:
            happen(device, event)
            assert accepted(device, token) is (device.home.body.true < end)


@given(st.lists(st.one_of(passing, setting, reboot, sighting, meeting), max_size=12))
def test_time_never_falls_below_what_was_signed(events: list[Event]) -> None:
    """It never runs below the highest time signed, and within a boot it never runs backwards."""
    with tempfile.TemporaryDirectory() as folder:
        device = begun(folder)
        signed, last = TODAY, TODAY
        for event in events:
            happen(device, event)
            now = device.known.clock.now()
            if event[0] == "meet":
                signed = max(signed, device.home.body.true)
            assert now.earliest >= signed
            assert now.latest >= now.earliest
            last = last if event[0] != "reboot" else now.earliest
            assert now.earliest >= last
            last = now.earliest


def test_the_release_is_dated_once() -> None:
    """The device's idea of when this release was made is the hub's."""
    assert device_clocks.BUILT == machine.BUILT
