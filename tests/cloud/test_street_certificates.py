"""A cloud whose certificates aren't to be believed, or that a hub can't believe by its own clock."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.machine import SystemClock
from tests.clock.machines import Moved
from tests.cloud.certificates import EVER, Authority
from tests.cloud.pair import validated
from tests.cloud.street import Street, add, members, sign_in, tokens, until

NOW = datetime.fromtimestamp(SystemClock().now().wall // SECOND, UTC)
HOUR = timedelta(hours=1)
YEAR_2099 = 4_070_908_800_000


def waits(street: Street, owner: dict[str, Any], code: str) -> str:
    """What the hub says once it waits because of that, until it tries again."""

    def said() -> str:
        found = street.stands(owner)
        told = " ".join(found["sentences"])
        return told if found["trouble"] == code and "next attempt" in told else ""

    return str(until(said))


def test_certificates_that_are_not_to_be_believed(street: Street, tmp_path: Path) -> None:
    """The hub says which it is and what to do, comes again ever later, serves everybody, and goes on by itself."""
    maya, ours = tokens(street.hub, "maya"), street.way.authority
    shown: dict[str, tuple[ssl.SSLContext, str]] = {
        "certificate_early": (ours.context(tmp_path, span=(NOW + HOUR, EVER[1])), "isn't valid yet"),
        "certificate_expired": (ours.context(tmp_path, span=(EVER[0], NOW - HOUR)), "has expired"),
        "certificate_name": (ours.context(tmp_path, "elsewhere"), "for another name"),
        "certificate_authority": (Authority().context(tmp_path), "REX_SYNC_CA"),
    }
    good = street.way.front.context
    for code, (context, words) in shown.items():
        street.way.shows(context)
        assert words in waits(street, maya, code)
    assert add(street.hub, maya, "lea", "guest")
    assert sign_in(street.hub, "lea").status_code == 200
    street.way.shows(good)
    street.agreed(maya)
    there = tokens(street.pair.other, "maya", tenant=street.tenant)
    assert "lea" in members(street.pair.other, there)


def test_a_hub_whose_clock_is_wrong(street: Street, tmp_path: Path) -> None:
    """A good certificate isn't yet, or no longer, to a hub that takes it to be 1970 or 2099: the clock is named.

    It goes on once the clock is right, whether it is set while the hub runs or stood wrong when the hub began.
    """
    clock, good = Moved(tmp_path), street.way.front.context
    shown = street.way.authority.context(tmp_path, span=(NOW - HOUR, NOW + HOUR))
    clock.set(0)
    street.hub.stop()
    street.start_hub(**clock.told)
    maya = tokens(street.hub, "maya")
    street.agreed(maya)
    for wall, code in ((0, "certificate_early"), (YEAR_2099, "certificate_expired")):
        clock.set(wall)
        street.way.shows(shown)
        assert "clock" in waits(street, maya, code)
        assert validated(street.hub, maya).status_code == 200
        clock.shift(0)
        street.agreed(maya)
    street.way.shows(good)
    street.hub.stop()
    street.start_hub()
