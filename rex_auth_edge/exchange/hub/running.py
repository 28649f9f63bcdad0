"""A household that is enrolled, while the hub runs: what goes on about it, and what its loop knows of how it stands."""

import asyncio
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.exchange.hub.household import Household
from rex_auth_edge.exchange.hub.loop import Loop
from rex_auth_edge.exchange.hub.rounds import Rounds
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.oversight.status import Status

_SEEN_EVERY = 10 * MINUTE


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

    def to_be_written(self, boot: int) -> bool:
        """Whether it is time again to write it down, by the boot clock."""
        return self.written_at is None or boot - self.written_at >= _SEEN_EVERY

    def noted(self) -> dict[str, Any]:
        """What of it is written down."""
        reached = {"reached_at": self.reached_at} if self.reached_at else {}
        agreed = {"agreed_at": self.agreed_at} if self.agreed_at else {}
        return {"trouble": self.trouble, **reached, **agreed}

    def close(self) -> None:
        """Let go of everything."""
        if self.task is not None:
            self.task.cancel()
        for line in self.lines:
            line.close()
