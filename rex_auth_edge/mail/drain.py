"""Draining the outbox: in order per address, again and again with growing pauses, never twice once confirmed."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from rex_auth_edge.domain.clock import MINUTE, SECOND, Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.keys.seal import Seal, SealBrokenError
from rex_auth_edge.mail import letters
from rex_auth_edge.mail.carrier import Carrier, Delivered, Outcome, Postponed
from rex_auth_edge.mail.post import SEALED_FOR
from rex_auth_edge.storage import outbox
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import deadline_of

AT_ONCE = 20
"""How many letters go over one connection."""
FIRST_PAUSE = 5 * SECOND
LONGEST_PAUSE = 15 * MINUTE
LOOK = 60.0
"""Seconds between looks at the outbox when nobody rings."""

_log = logging.getLogger(__name__)
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


class Drain:
    """Sends what waits. `carrier` is None while there is no mail server: letters then wait until they expire."""

    def __init__(
        self, store: Store, seal: Seal, carrier: Carrier | None, clock: Clock, entropy: Entropy, sender: str
    ) -> None:
        self._store = store
        self._seal = seal
        self._carrier = carrier
        self._clock = clock
        self._entropy = entropy
        self._sender = sender
        self._bell = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        """A letter has been posted; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._bell.set)

    async def run(self) -> None:
        """Drain for ever: whenever somebody rings, and when a pause is over."""
        while True:
            self._bell.clear()
            try:
                sent = await self.once()
                pause = 0 if sent else await self._pause()
            except Exception:  # noqa: BLE001  it is logged, and there is a next time
                _log.exception("The outbox could not be drained; trying again.")
                pause = LOOK
            if pause:
                await self._rest(pause)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return

    async def _pause(self) -> float:
        """Seconds until the next letter is due, at most `LOOK`."""
        now = self._clock.now()
        rows = await self._store.read(lambda conn: outbox.eldest(conn, 1)) if self._carrier else []
        due = [deadline for row in rows if (deadline := deadline_of(row, "due"))]
        return min([LOOK, *(max(0.05, deadline.remaining(now) / SECOND) for deadline in due)])

    async def once(self) -> int:
        """Take the letters that are due over one connection; says how many have ended."""
        now = self._clock.now()
        rows = await self._store.read(lambda conn: outbox.eldest(conn, 500))
        ended = 0
        due: list[tuple[Any, EmailMessage]] = []
        for row in rows:
            if (deadline := deadline_of(row, "expires")) is not None and deadline.passed(now):
                ended += await self._end(row, "expired", "It was not delivered in time.")
            elif self._is_due(row) and self._carrier and len(due) < AT_ONCE:
                message = self._message(row)
                if message is None:
                    ended += await self._end(row, "failed", "Its content can't be read: SECRET_KEY has changed.")
                else:
                    due.append((row, message))
        return ended + await self._deliver(due)

    def _is_due(self, row: Any) -> bool:
        due = deadline_of(row, "due")
        return due is None or due.passed(self._clock.now())

    def _message(self, row: Any) -> EmailMessage | None:
        try:
            content = self._seal.open(SEALED_FOR, bytes(row.sealed), row.id.bytes)
        except SealBrokenError:
            return None
        domain = self._sender.rpartition("@")[2]
        return letters.render(
            letters.decode(content),
            sender=self._sender,
            address=row.address,
            # Without digits, so that the first six of them in a letter are its code's.
            message_id=f"<{row.id.hex.translate(_LETTERS)}@{domain}>",
            date=datetime.fromtimestamp(row.created_at / SECOND, UTC),
        )

    async def _deliver(self, due: Sequence[tuple[Any, EmailMessage]]) -> int:
        if not due or self._carrier is None:
            return 0
        ended, index = 0, 0
        async for outcome in self._carrier.deliver([message for _, message in due]):
            ended += await self._record(due[index][0], outcome)
            index += 1
            if isinstance(outcome, Postponed) and outcome.all:
                for row, _ in due[index:]:
                    await self._postpone(row, outcome.reason)
        return ended

    async def _record(self, row: Any, outcome: Outcome) -> int:
        """Commit what became of a letter before the next one is sent."""
        if isinstance(outcome, Delivered):
            return await self._end(row, "sent", None)
        if isinstance(outcome, Postponed):
            await self._postpone(row, outcome.reason)
            return 0
        return await self._end(row, "failed", outcome.reason)

    async def _end(self, row: Any, state: str, reason: str | None) -> int:
        await self._store.write(lambda tx: outbox.end(tx, row, state, reason))
        level = logging.INFO if state == "sent" else logging.WARNING
        _log.log(level, "Letter %s.", state, extra={"letter": row.letter, "id": str(row.id), "reason": reason})
        return 1

    async def _postpone(self, row: Any, reason: str) -> None:
        due = self._clock.now().after(self._backoff(row.attempts))
        await self._store.write(lambda tx: outbox.retry(tx, row, due, reason))
        extra = {"letter": row.letter, "id": str(row.id), "reason": reason, "attempts": row.attempts + 1}
        _log.warning("Letter waits for another try.", extra=extra)

    def _backoff(self, attempts: int) -> int:
        """Full jitter: a random pause up to a bound that doubles with every try."""
        bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts, 20))
        return SECOND + self._entropy.below(bound)
