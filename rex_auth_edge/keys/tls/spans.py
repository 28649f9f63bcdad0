"""From when to when certificates are good, on a machine whose clock may be wrong.

A client that has the right time must find the certificate valid, whatever the hub takes the time to be. So:

- Authorities begin at a fixed date before this program existed. They are valid at once, in 1970's boot or 2099's.
- The hub's own certificate begins 20 days before the hub's time, and a hub that knows the time (NTP has set it in this
  boot) makes it for 90 days.
- A hub that doesn't know can only be late: a clock that stood still while the power was off. It makes the certificate
  for 800 days, which with the 20 is below the 825 that Apple's systems take from any authority.
- A time before that fixed date isn't believed. One so late that the authority has ended makes no new certificate.
- A certificate is renewed when less than a third of the longer of its own life and the life that it would get now is
  left, and when the clock has gone back by more than 10 of the 20 days.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from rex_auth_edge.domain.clock import DAY, SECOND, ClockState, Moment

BEGINNING = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * SECOND
"""Before any release of this program, in milliseconds since 1970: no hub has lived then."""
_LATEST = BEGINNING + 100 * 365 * DAY
"""Clocks that are further gone than this could not be written into certificates."""

YEAR = 365 * DAY
ROOT_LIFE = 20 * YEAR
INTERMEDIATE_LIFE = 10 * YEAR
SURE_LIFE = 90 * DAY
UNSURE_LIFE = 800 * DAY
BACK = 20 * DAY

_SURE = frozenset({ClockState.SYNCED, ClockState.HOLDOVER})


@dataclass(frozen=True, slots=True)
class Span:
    """Milliseconds since 1970, the first and the last at which something is good."""

    begin: int
    end: int

    @classmethod
    def of(cls, certificate: x509.Certificate) -> "Span":
        """When a certificate is good."""
        return cls(_milliseconds(certificate.not_valid_before_utc), _milliseconds(certificate.not_valid_after_utc))

    def within(self, outer: "Span") -> "Span":
        """This span as far as `outer` reaches: nobody trusts a certificate longer than its issuer's."""
        return Span(max(self.begin, outer.begin), min(self.end, outer.end))


def believed(now: Moment) -> int:
    """The wall clock, in milliseconds since 1970, as far as it can be believed."""
    return min(max(now.wall, BEGINNING), _LATEST)


def authority(now: Moment, life: int) -> Span:
    """When an authority that is made now is good."""
    return Span(BEGINNING, believed(now) + life)


def authority_due(certificate: x509.Certificate, issuer: x509.Certificate, now: Moment, life: int) -> bool:
    """Whether less than a third of an authority's life is left, where its issuer would give more."""
    possible = min(life, Span.of(issuer).end - believed(now))
    return possible > 0 and _left(Span.of(certificate), now) * 3 < possible


def own(now: Moment, issuer: x509.Certificate) -> Span | None:
    """When a certificate of the hub's that is made now is good; None if its issuer has ended."""
    made, wanted = believed(now), SURE_LIFE if now.state in _SURE else UNSURE_LIFE
    span = Span(made - BACK, made + wanted).within(Span.of(issuer))
    return span if span.end > made else None


def own_due(certificate: x509.Certificate, issuer: x509.Certificate, now: Moment) -> bool:
    """Whether the hub should have another certificate, by the time alone."""
    span, possible = Span.of(certificate), own(now, issuer)
    if possible is None:
        return False
    life = span.end - span.begin - BACK
    went_back = believed(now) < min(span.begin + BACK // 2, span.end) and span.begin > BEGINNING
    return went_back or life > UNSURE_LIFE or _left(span, now) * 3 < max(life, _left(possible, now))


def _left(span: Span, now: Moment) -> int:
    return span.end - believed(now)


def moment(milliseconds: int) -> datetime:
    """As certificates are made with."""
    return datetime.fromtimestamp(milliseconds // SECOND, UTC)


def _milliseconds(when: datetime) -> int:
    return int(when.timestamp()) * SECOND
