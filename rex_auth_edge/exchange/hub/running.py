"""A household that is enrolled, while the hub runs: what goes on about it, and what its loop knows of how it stands."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.domain.clock import MINUTE, Moment
from rex_auth_edge.exchange.hub.household import Household
from rex_auth_edge.exchange.hub.loop import Loop, ended
from rex_auth_edge.exchange.hub.rounds import Rounds
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.oversight import troubles
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.storage import sync_enrolments
from rex_auth_edge.sync.order import Lane

_SEEN_EVERY = 10 * MINUTE
"""How often what is no news is written down, in milliseconds."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Running:
    """One household's; times are in milliseconds since 1970, but for `written_at`, which is by the boot clock."""

    household: Household
    rounds: Rounds
    loop: Loop
    lines: tuple[SignedLine, ...]
    task: asyncio.Task[None] | None = None
    trouble: str | None = None
    reached_at: int | None = None
    agreed_at: int | None = None
    written_at: int | None = None
    repaired: int = 0

    def present(self, found: Status) -> Status:
        """What the tables say, with what is newer than they are."""
        return replace(
            found,
            cloud=self.household.enrolment.url,
            reached_at=self.reached_at or found.reached_at,
            agreed_at=self.agreed_at or found.agreed_at,
            trouble=self.trouble,
            retry_at=self.loop.retry_at,
        )

    def round_ended(self, code: str | None, now: Moment) -> dict[str, Any] | None:
        """Note how a round has ended, `code` being its trouble, and log it where that is news.

        The columns of the household's enrolment to be written, now and then; else None.
        """
        news, self.trouble = code != self.trouble, code
        if code is None:
            self.reached_at = now.wall
            if len(self.rounds.comparing.agreed) == len(Lane):
                self.agreed_at = now.wall
        elif news:
            _log.warning("Synchronisation waits (%s). %s", code, troubles.said_of(code))
        repaired = self.rounds.comparing.repaired
        mended, self.repaired = repaired - self.repaired, repaired
        if mended:
            _log.warning("Differences with the cloud were found and mended: %d.", mended)
        due = self.written_at is None or now.boot - self.written_at >= _SEEN_EVERY
        if not (news or mended or due):
            return None
        self.written_at = now.boot
        return self._columns() | sync_enrolments.more_repairs(mended)

    def _columns(self) -> dict[str, Any]:
        reached = {"reached_at": self.reached_at} if self.reached_at else {}
        agreed = {"agreed_at": self.agreed_at} if self.agreed_at else {}
        return {"trouble": self.trouble, **reached, **agreed}

    async def close(self) -> None:
        """Let go of everything, once what goes on about it is over."""
        if self.task is not None:
            await ended(self.task)
        for line in self.lines:
            line.close()
