"""The ladder of bans: how long an account is closed to one device after so many failures in a row."""

from dataclasses import dataclass

from rex_auth_edge.domain.clock import HOUR, Deadline, Moment

FAILURES_BEFORE_BAN = 4
_TEMPORARY = {4: 1 * HOUR, 5: 6 * HOUR}


@dataclass(frozen=True, slots=True)
class Standing:
    """The failures of one (account, device) so far, and the ban that they brought, if any."""

    failures: int = 0
    ban: Deadline | None = None
    permanent: bool = False

    def banned(self, now: Moment) -> bool:
        """Whether attempts are refused unevaluated at this moment."""
        return self.permanent or (self.ban is not None and self.ban.unserved(now) > 0)


def after_failure(standing: Standing, now: Moment) -> Standing:
    """The standing after one more evaluated failure: 4 close for 1 h, 5 for 6 h, 6 and more for good."""
    failures = standing.failures + 1
    if failures < FAILURES_BEFORE_BAN:
        return Standing(failures)
    length = _TEMPORARY.get(failures)
    if length is None:
        return Standing(failures, permanent=True)
    return Standing(failures, ban=now.after(length))
