"""The register of revocations: which sessions' and chains' access tokens are refused though they verify."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from rex_auth_edge.domain.clock import DAY, SECOND, Deadline, Moment

LONGEST = DAY + SECOND
"""An access token lives for a day at most, whatever the settings were when it was signed."""


class Ended(NamedTuple):
    """A session or chain of a household's. Ids are one household's: a hub may call its sessions what it likes."""

    tenant_id: UUID
    id: UUID


class Register:
    """Kept in memory, loaded before the first request, updated after each commit.

    An entry stays until the last access token that it covers has expired. Where other processes revoke too, `told` is
    called with what this one has, and what is known of theirs is known for a while only: see `complete`.
    """

    def __init__(self) -> None:
        self._until: dict[Ended, Deadline] = {}
        self._complete: Deadline | None = None
        self.told: Callable[[Ended], None] = lambda _: None

    def __len__(self) -> int:
        return len(self._until)

    def revoke(self, ended: Ended, until: Deadline) -> None:
        """Refuse the tokens of a session or chain from now on. `until` is when the last of them dies by itself."""
        self.adopt(ended, until)
        self.told(ended)

    def adopt(self, ended: Ended, until: Deadline) -> None:
        """The same for what another process has ended."""
        self._until[ended] = until

    def complete(self, until: Deadline) -> None:
        """Every revocation of any process is in here, which holds until then unless it is said again."""
        self._complete = until

    def unsure(self, now: Moment) -> bool:
        """Whether other processes may have ended sessions that this one hasn't heard of: nobody goes in by a guess."""
        return self._complete is not None and self._complete.passed(now)

    def revoked(self, tenant_id: UUID, named: UUID) -> bool:
        """Whether the household's session or chain of this id has ended."""
        return (tenant_id, named) in self._until

    def sweep(self, now: Moment) -> None:
        """Forget the entries that cover nothing any more."""
        for ended in [key for key, until in self._until.items() if until.passed(now)]:
            del self._until[ended]
