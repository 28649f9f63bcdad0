"""The hub's certificate follows time, name and addresses, on a clock that may be wrong."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY, HOUR, ClockState
from rex_auth_edge.keys.tls import HouseholdCa, issue, spans
from rex_auth_edge.keys.tls.issue import Issued
from rex_auth_edge.keys.tls.spans import BACK, BEGINNING, SURE_LIFE, UNSURE_LIFE, YEAR, Span
from tests.doubles import START, HandClock, SeededEntropy
from tests.tls.homes import HOST, UNIT, Lan, ca_in, life, own


def test_renewed_at_two_thirds(ca: HouseholdCa, clock: HandClock) -> None:
    """Not a day before 60 of its 90 days; then with a new key."""
    first = own(ca)
    clock.advance(60 * DAY - HOUR)
    assert not ca.renew()
    clock.advance(2 * HOUR)
    assert ca.renew()
    assert not ca.renew()
    assert own(ca).not_valid_after_utc - first.not_valid_after_utc == timedelta(days=60, hours=1)
    assert own(ca).public_key() != first.public_key()


def test_years_go_by(ca: HouseholdCa, clock: HandClock) -> None:
    """For nineteen years the root stays, and there is never a day without a good chain."""
    root = x509.load_der_x509_certificate(ca.certificate())
    intermediates = set()
    for _ in range(19 * 365 // 20):
        clock.advance(20 * DAY)
        ca.renew()
        found = Issued.from_pem(ca.bundle.read_bytes())
        for certificate in (found.certificate, *found.above):
            assert Span.of(certificate).begin < clock.wall < Span.of(certificate).end
        found.certificate.verify_directly_issued_by(found.above[0])
        found.above[0].verify_directly_issued_by(root)
        intermediates.add(found.above[0])
    assert len(intermediates) == 2 + 1


def test_follows_addresses(ca: HouseholdCa, lan: Lan) -> None:
    """A new address is in the certificate at the next look, an old one no longer; public ones never are."""
    lan.addresses = frozenset({"10.0.0.9", "fd00::5", "8.8.8.8", "2001:db8::1", "fe80::1"})
    assert ca.renew()
    assert issue.named(own(ca)) == {HOST, "10.0.0.9", "fd00::5", "127.0.0.1", "::1"}
    assert not ca.renew()
    lan.addresses = frozenset()
    assert ca.renew()
    assert issue.named(own(ca)) == {HOST, "127.0.0.1", "::1"}


def test_follows_the_name(ca: HouseholdCa) -> None:
    """While another device has the hub's name, the certificate is for both; a stranger's name is ignored."""
    ca.rename("rex-abcd2345-2")
    assert ca.renew()
    assert {HOST, "rex-abcd2345-2.local"} <= issue.named(own(ca))
    assert ca.present_name == "rex-abcd2345-2.local"
    ca.rename("rex-other")
    assert not ca.renew()
    ca.rename("rex-abcd2345")
    assert ca.renew()
    assert "rex-abcd2345-2.local" not in issue.named(own(ca))


# ---------------------------------------------------------------- a wrong clock


@pytest.mark.parametrize("wall", [0, BEGINNING - 5 * YEAR, BEGINNING, START])
@pytest.mark.parametrize("late", [0, 30 * DAY, 700 * DAY])
def test_made_by_a_late_clock_it_holds_now(tmp_path: Path, lan: Lan, wall: int, late: int) -> None:
    """A hub that doesn't know the time, booted in 1970 or not, makes what a phone with the right time accepts."""
    clock = HandClock(wall)
    clock.state = ClockState.UNKNOWN if wall < START else ClockState.FLOOR
    made = ca_in(tmp_path, clock, lan)
    truth = max(wall, BEGINNING) + late
    found = Issued.from_pem(made.bundle.read_bytes())
    for certificate in (found.certificate, *found.above, x509.load_der_x509_certificate(made.certificate())):
        assert Span.of(certificate).begin <= truth < Span.of(certificate).end
    assert life(found.certificate) <= timedelta(days=825), "more is refused by Apple's systems"


def test_a_clock_that_stood_still(ca: HouseholdCa, clock: HandClock) -> None:
    """After a boot without NTP 90 days aren't enough: who knows how long the power was off."""
    clock.state = ClockState.FLOOR
    assert ca.renew()
    assert Span.of(own(ca)).end - clock.wall == UNSURE_LIFE
    clock.state = ClockState.SYNCED
    assert not ca.renew(), "and that stays good once NTP has set the clock"


@pytest.mark.parametrize("state", [ClockState.SYNCED, ClockState.FLOOR])
def test_a_clock_from_the_future(tmp_path: Path, clock: HandClock, lan: Lan, state: ClockState) -> None:
    """First started in 2099: once the clock is right, so is the certificate, under the same root."""
    truth, clock.wall, clock.state = clock.wall, clock.wall + 73 * YEAR, state
    ca = ca_in(tmp_path, clock, lan)
    assert Span.of(own(ca)).begin > truth
    clock.wall, clock.state = truth, ClockState.SYNCED
    assert ca.renew()
    assert Span.of(own(ca)) == Span(truth - BACK, truth + SURE_LIFE)
    assert ca_in(tmp_path, clock, lan).certificate() == ca.certificate()


def test_a_time_when_the_ca_has_ended(ca: HouseholdCa, clock: HandClock, caplog: pytest.LogCaptureFixture) -> None:
    """More likely the clock is wrong: the present certificate stays, and the log says so, once."""
    before, truth = own(ca), clock.wall
    clock.wall += 50 * YEAR
    assert not ca.renew()
    assert not ca.renew()
    assert own(ca) == before
    assert [record.levelno for record in caplog.records if "has ended" in record.message] == [logging.WARNING]
    ca.bundle.unlink()
    assert ca.renew(), "there is a certificate in any case"
    clock.wall = truth
    assert ca.renew()
    assert Span.of(own(ca)).end == truth + SURE_LIFE


@given(st.lists(st.tuples(st.integers(-(2**45), 2**47), st.sampled_from(ClockState)), min_size=1, max_size=6))
def test_no_clock_makes_it_restless(steps: list[tuple[int, ClockState]]) -> None:
    """Whatever the clock says, a certificate that was just made isn't due; and it never breaks."""
    entropy, clock = SeededEntropy(), HandClock()
    root = issue.root([HOST], UNIT, spans.authority(clock.now(), spans.ROOT_LIFE), entropy).certificate
    for wall, state in steps:
        clock.wall, clock.state = wall, state
        span = spans.own(clock.now(), root)
        if span is None:
            continue
        issuer = issue.root([HOST], UNIT, Span.of(root), entropy)
        made = issue.own(issuer, [HOST], [], span, entropy).certificate
        assert not spans.own_due(made, root, clock.now())
        assert not spans.authority_due(root, root, clock.now(), spans.INTERMEDIATE_LIFE) or wall < START
