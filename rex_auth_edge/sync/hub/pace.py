"""How long to wait before asking again, and how much to put into one request. Waiting itself is the caller's."""

from email.utils import parsedate_to_datetime

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.sync.bodies import MOST_CHANGES

SHORTEST = SECOND // 4
LONGEST = 15 * MINUTE
"""Milliseconds below which the first wait lies, and the longest one."""

LONGEST_TOLD = DAY
"""Milliseconds that a hub waits at most because it was told to: a proxy's mistake doesn't silence it for good."""


class Pace(Struct, frozen=True):
    """What has come of the last requests: failures on end, and the `most` changes that go into the next one."""

    failures: int = 0
    most: int = MOST_CHANGES

    def succeeded(self) -> "Pace":
        """Go on at once, with a quarter more in a request, and one change at least."""
        return Pace(0, min(MOST_CHANGES, self.most + max(1, self.most // 4)))

    def failed(self) -> "Pace":
        """No answer, or one that asks to come again: wait longer than the last time, and put half into a request."""
        return Pace(self.failures + 1, max(1, self.most // 2))

    def too_often(self) -> "Pace":
        """Too many requests: wait, and put no less into each, which would only make more of them."""
        return replace(self, failures=self.failures + 1)

    def too_large(self) -> "Pace":
        """The request was refused for its size: half of it, at once. What can't be halved has failed."""
        return replace(self, most=self.most // 2) if self.most > 1 else self.failed()

    def wait(self, entropy: Entropy, retry_after: int = 0) -> int:
        """Milliseconds until the next request: none after a success, unless the answer says how many (`retry_after`).

        Anywhere below a ceiling that doubles with each failure ("full jitter"), so that hubs that have lost the same
        cloud don't come back in step; what was told comes on top, since all were told the same.
        """
        ceiling = min(LONGEST, SHORTEST << min(self.failures - 1, 16)) if self.failures else 0
        if retry_after > 0:
            ceiling = max(ceiling, SHORTEST)
        return min(max(0, retry_after), LONGEST_TOLD) + (entropy.below(ceiling + 1) if ceiling else 0)


def told_to_wait(header: str, date: str = "") -> int:
    """Milliseconds that a Retry-After header asks for (RFC 9110 section 10.2.3): seconds or a date; 0 where neither.

    A date counts from the answer's own `date`, never from the clock here, which may be wrong.
    """
    if header.strip().isascii() and header.strip().isdigit():
        return min(int(header.strip()[:9]) * SECOND, LONGEST_TOLD)
    try:
        apart = parsedate_to_datetime(header) - parsedate_to_datetime(date)
    except (TypeError, ValueError, OverflowError):
        return 0
    return min(max(0, int(apart.total_seconds())) * SECOND, LONGEST_TOLD)
