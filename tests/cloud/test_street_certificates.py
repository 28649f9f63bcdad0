"""A cloud that shows certificates that aren't to be believed."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.machine import SystemClock
from tests.cloud.certificates import EVER, Authority
from tests.cloud.street import Street, add, members, sign_in, tokens, waits

NOW = datetime.fromtimestamp(SystemClock().now().wall // SECOND, UTC)
HOUR = timedelta(hours=1)


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
