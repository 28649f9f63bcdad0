"""Letters posted as flows post them, and a look at what became of them."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY, HOUR
from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.mail.carrier import Carrier
from rex_auth_edge.mail.drain import Drain
from rex_auth_edge.mail.letters import Letter, Welcome
from rex_auth_edge.mail.options import MailOptions
from rex_auth_edge.mail.post import Post
from rex_auth_edge.mail.smtp import Smtp
from rex_auth_edge.storage import outbox
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import outbox as table
from tests.doubles import HandClock, SeededEntropy

HOME = UUID(int=1)
OTHER_HOME = UUID(int=2)
SENDER = "rex@hub.local"


@dataclass
class PostOffice:
    """An outbox with its post and its drain."""

    store: Store
    clock: HandClock
    entropy: SeededEntropy
    carrier: Carrier | None = None
    seal: Seal = field(init=False)
    post: Post = field(init=False)
    drain: Drain = field(init=False)

    def __post_init__(self) -> None:
        self.seal = Seal(Secret("s" * 32), self.entropy)
        self.post = Post(self.seal)
        self.restart(self.carrier)

    def restart(self, carrier: Carrier | None) -> None:
        """A new process: nothing is left of the old one but its rows."""
        self.carrier = carrier
        self.drain = Drain(self.store, self.seal, carrier, self.clock, self.entropy, SENDER)
        self.post.ring = self.drain.ring

    async def send(
        self, address: str | None, letter: Letter | None = None, *, life: int = 7 * DAY, tenant: UUID = HOME
    ) -> UUID:
        """Post a letter, a millisecond after the one before."""
        self.clock.advance(1)
        posted = letter or Welcome(f"friend {address}", "Home")
        return await self.store.write(lambda tx: self.post.send(tx, tenant, address, posted, life=life))

    async def rows(self) -> list[Any]:
        """Every row, the oldest first."""
        return await self.store.read(lambda conn: list(conn.execute(sa.select(table).order_by(table.c.id)).all()))

    async def states(self) -> list[str]:
        """The state of each letter, the oldest first."""
        return [row.state for row in await self.rows()]

    async def reasons(self) -> str:
        """Everything that was noted about failures."""
        return " ".join(row.last_error or "" for row in await self.rows())

    async def counts(self) -> dict[str, int]:
        """How many there are in each state, without the empty ones."""
        return {state: count for state, count in (await self.store.read(outbox.counts)).items() if count}

    async def drain_all(self) -> None:
        """Until nothing is due."""
        while await self.drain.once():
            pass

    async def after_a_pause(self) -> None:
        """Let the longest pause pass, and drain."""
        self.clock.advance(HOUR)
        await self.drain_all()


def smtp(port: int, **how: Any) -> Smtp:
    """A carrier to a server of the test's, in the clear unless `how` says otherwise."""
    return Smtp(replace(MailOptions(server="127.0.0.1", port=port, use_tls=False, sender=SENDER), **how))
