"""A hub that takes it to be 1970, or 2099, or whose clock is set back, and a cloud whose clock is right."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.machine import SystemClock
from tests.clock.machines import Moved
from tests.cloud.pair import PASSWORD, bearer, validated
from tests.cloud.street import Street, act, add, change_password, members, session_of, sign_in, tokens, until, waits
from tests.processes import Process

NOW = datetime.fromtimestamp(SystemClock().now().wall // SECOND, UTC)
HOUR = timedelta(hours=1)
YEAR_2099 = 4_070_908_800_000
WRONG = ((0, "certificate_early"), (YEAR_2099, "certificate_expired"))
EARLY, LATE, THEN = "Lantern-Grove-77?", "Copper-Tulip-19.", "Walnut-Harbor-53;"


@pytest.fixture(scope="module")
def clock(street: Street, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """The hub's: 1970 when it begins; right, and the machine's own, once these tests are over."""
    made = Moved(tmp_path_factory.mktemp("clock"))
    made.set(0)
    street.hub.stop()
    street.start_hub(**made.slowly())
    yield made
    street.hub.stop()
    street.start_hub()


def test_a_good_certificate(street: Street, clock: Moved) -> None:
    """It isn't valid yet, or no longer, to a hub whose clock is wrong: the clock is named, and everybody is served.

    The hub goes on by itself once its clock is right.
    """
    good = street.way.front.context
    shown = street.way.authority.context(street.way.folder, span=(NOW - HOUR, NOW + HOUR))
    maya = tokens(street.hub, "maya")
    street.agreed(maya)
    for wall, code in WRONG:
        clock.set(wall)

        until(lambda: street.way.shows(shown) is not None and street.stands(maya)["trouble"] == code)  # noqa: B023
        assert "clock" in waits(street, maya, code)
        assert validated(street.hub, maya).status_code == 200
        clock.shift(0)
        until(lambda: not street.stands(maya)["trouble"])
    street.way.shows(good)


def both(street: Street, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Somebody signs in at the hub and in the cloud, and each side knows of the other's session."""
    cloud = street.pair.one
    here, there = tokens(street.hub, name), tokens(cloud, name, tenant=street.tenant)
    for process, own, other in ((street.hub, here, there), (cloud, there, here)):
        with process.client() as client:
            until(lambda: session_of(other) in client.get("/auth/sessions", headers=bearer(own)).text)  # noqa: B023
    return here, there


def end(process: Process, who: dict[str, Any], session: dict[str, Any]) -> None:
    """Somebody ends a session of theirs."""
    with process.client() as client:
        done = client.delete(f"/auth/sessions/{session_of(session)}", headers=bearer(who))
    assert done.status_code == 200, done.text


@pytest.mark.parametrize("wall", [0, YEAR_2099], ids=["1970", "2099"])
def test_what_is_done_meanwhile(street: Street, clock: Moved, wall: int) -> None:
    """What was done on either side holds on both, as where all clocks are right; what was begun then goes on after."""
    cloud, year = street.pair.one, f"in{wall // YEAR_2099 * 129 + 1970}"
    names = [f"{each}-{year}" for each in ("ada", "ben", "cleo")]
    clock.set(wall)
    maya = tokens(street.hub, "maya")
    for name in names:
        assert add(street.hub, maya, name, "adult")
    there = tokens(cloud, "maya", tenant=street.tenant)
    known = until(lambda: set(names) <= set(found := members(cloud, there)) and found)
    street.agreed(maya)
    (ada, _), (ben, far_ben), (cleo, far_cleo) = (both(street, name) for name in names)

    street.line.break_off()
    act(cloud, there, PASSWORD, f"/household/members/{known[names[0]]['user_id']}/disable")
    end(street.hub, ben, far_ben)
    change_password(cloud, far_cleo, PASSWORD, EARLY)
    change_password(street.hub, cleo, PASSWORD, LATE)
    assert validated(street.hub, ada).status_code == 200
    street.line.mend()
    until(lambda: validated(street.hub, ada).status_code == 401)
    until(lambda: validated(cloud, far_ben).status_code == 401)
    street.agreed(maya)
    # The hub's was ordered last, whatever its clock says; what follows it in the cloud is later, though in 2026.
    again = tokens(cloud, names[2], LATE, street.tenant)
    assert sign_in(cloud, names[2], EARLY, street.tenant).status_code == 401
    cleo = tokens(street.hub, names[2], LATE)
    change_password(cloud, again, LATE, THEN)
    until(lambda: validated(street.hub, cleo).status_code == 401)
    assert not street.console("sync", "now")["trouble"]  # what isn't urgent comes after that
    assert sign_in(street.hub, names[2], THEN).status_code == 200
    assert sign_in(street.hub, names[2], LATE).status_code == 401

    clock.shift(0)
    assert validated(street.hub, ben).status_code == 200
    with street.hub.client() as client:
        refreshed = client.post("/auth/token/refresh", json={"refresh_token": ben["refresh_token"]})
    assert refreshed.status_code == 200, refreshed.text
    street.agreed(tokens(street.hub, "maya"))
    assert street.console("sync", "verify")["ok"]
