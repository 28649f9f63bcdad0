"""Draining the outbox: in order per address, again and again with growing pauses, never twice once confirmed.

Where several processes share an outbox, each claims what it is about to send; a claim that its process doesn't live to
make good ends after ten minutes.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from rex_auth_edge.domain.clock import MINUTE, SECOND, Clock, Deadline
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.refusals import RefusedError
from rex_auth_edge.keys.seal import Seal, SealBrokenError
from rex_auth_edge.mail import letters
from rex_auth_edge.mail.carrier import Carrier, Delivered, Outcome, Postponed, Rejected
from rex_auth_edge.mail.post import SEALED_FOR
from rex_auth_edge.storage import outbox
from rex_auth_edge.storage.columns import deadline_of
from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tx import Tx

AT_ONCE = 20
"""How many letters go over one connection."""
LOOKED_AT = 500
"""How many addresses are considered at a time."""
FIRST_PAUSE = 5 * SECOND
LONGEST_PAUSE = 15 * MINUTE
CLAIM = 10 * MINUTE
LOOK = 60.0
"""Seconds between looks at the outbox when nobody rings."""

_log = logging.getLogger(__name__)
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


class Drain:
    """Sends what waits. `carrier` is None while there is no mail server: letters then wait until they expire.

    `shared` tells that other processes send from the same outbox.
    """

    shared = False

    def __init__(
        self, store: Store, seal: Seal, carrier: Carrier | None, clock: Clock, entropy: Entropy, sender: str
    ) -> None:
        self._store = store
        self._seal = seal
        self._carrier = carrier
        self._clock = clock
        self._entropy = entropy
        self._sender = sender
        self._answered: tuple[Any, Outcome] | None = None
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
            except RefusedError as error:
                _log.error("The outbox could not be drained; trying again. %s", error)
                pause = LOOK
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
        ended = await self._record()
        due = []
        for row in await self._store.read(lambda conn: outbox.eldest(conn, LOOKED_AT)):
            if self._is_late(row):
                ended += await self._end(row, "expired", "It was not delivered in time.")
            elif self._is_due(row):
                due.append(row)
        return ended + (await self._deliver(self._carrier, due) if self._carrier and due else 0)

    def _is_late(self, row: Any) -> bool:
        expires = deadline_of(row, "expires")
        return expires is not None and expires.passed(self._clock.now())

    def _is_due(self, row: Any) -> bool:
        due = deadline_of(row, "due")
        return due is None or due.passed(self._clock.now())

    async def _deliver(self, carrier: Carrier, due: Sequence[Any]) -> int:
        ended, until = 0, self._clock.now().after(CLAIM)
        batch: list[tuple[Any, EmailMessage]] = []
        ours, others = await self._ours(due, until)
        for row in ours:
            message = self._message(row)
            if isinstance(message, EmailMessage):
                batch.append((row, message))
            else:
                ended += await self._record((row, message))
        if not batch:
            return ended
        outcomes = carrier.deliver([message for _, message in batch])
        try:
            left = deque(row for row, _ in batch)
            ended += await self._follow(outcomes, left, others)
            await self._give_back(left, until)
            return ended
        finally:
            if isinstance(outcomes, AsyncGenerator):
                await outcomes.aclose()  # now, and not when it is collected: it holds a connection

    async def _ours(self, due: Sequence[Any], until: Deadline) -> tuple[Sequence[Any], Sequence[Any]]:
        """The letters that this process sends now, and those that wait for the same server."""
        if not self.shared:
            return due[:AT_ONCE], due[AT_ONCE:]
        work = lambda tx: [row for row in due[:AT_ONCE] if outbox.claim(tx, row, until)]  # noqa: E731
        return await self._store.write(work, urgent=True), ()

    async def _give_back(self, left: Sequence[Any], until: Deadline) -> None:
        if not self.shared or not left:
            return

        def release(tx: Tx) -> None:
            for row in left:
                outbox.release(tx, row, until)

        await self._store.write(release, urgent=True)

    async def _follow(self, outcomes: AsyncIterator[Outcome], left: deque[Any], others: Sequence[Any]) -> int:
        """Write down each outcome as it comes, before the next letter leaves; what is `left` was not tried."""
        ended = 0
        async for outcome in outcomes:
            ended += await self._record((left.popleft(), outcome))
            if isinstance(outcome, Postponed) and outcome.all:
                await self._postpone([*left, *others], outcome.reason)
            if left and self._is_late(left[0]):  # the server is slow; the next round says that it has expired
                break
        return ended

    def _message(self, row: Any) -> EmailMessage | Outcome:
        """The letter, or what becomes of one that can't be written; it must not hold up the others."""
        domain = self._sender.rpartition("@")[2]
        try:
            content = self._seal.open(SEALED_FOR, bytes(row.sealed), row.id.bytes)
            return letters.render(
                letters.decode(content),
                sender=self._sender,
                address=row.address,
                # Without digits, so that the first six of them in a letter are its code's.
                message_id=f"<{row.id.hex.translate(_LETTERS)}@{domain}>",
                date=datetime.fromtimestamp(row.created_at / SECOND, UTC),
            )
        except SealBrokenError:
            return Rejected("Its content can't be read: SECRET_KEY has changed.")
        except Exception as error:  # noqa: BLE001  another release may be able to; its text may hold an address
            return Postponed(f"This release can't write it ({type(error).__name__}).")

    async def _record(self, answered: tuple[Any, Outcome] | None = None) -> int:
        """Commit what became of a letter. Until that has worked nothing else is sent, so nothing is sent twice."""
        self._answered = answered or self._answered
        if self._answered is None:
            return 0
        row, outcome = self._answered
        ended = await self._write(row, outcome)
        self._answered = None
        return ended

    async def _write(self, row: Any, outcome: Outcome) -> int:
        match outcome:
            case Delivered():
                return await self._end(row, "sent", None)
            case Rejected(reason):
                return await self._end(row, "failed", reason)
            case Postponed(reason):
                await self._postpone([row], reason)
                return 0

    async def _end(self, row: Any, state: str, reason: str | None) -> int:
        await self._store.write(lambda tx: outbox.end(tx, row, state, reason), urgent=True)
        level = logging.INFO if state == "sent" else logging.WARNING
        _log.log(level, "Letter %s.", state, extra={"letter": row.letter, "id": str(row.id), "reason": reason})
        return 1

    async def _postpone(self, rows: Sequence[Any], reason: str) -> None:
        def retry(tx: Tx) -> None:
            for row in rows:
                outbox.retry(tx, row, tx.now.after(self._backoff(row.attempts)), reason)

        if rows:
            await self._store.write(retry, urgent=True)
        for row in rows:
            extra = {"letter": row.letter, "id": str(row.id), "reason": reason, "attempts": row.attempts + 1}
            _log.warning("Letter waits for another try.", extra=extra)

    def _backoff(self, attempts: int) -> int:
        """Full jitter: a random pause up to a bound that doubles with every try."""
        bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts, 20))
        return SECOND + self._entropy.below(bound)
