"""Argon2id (RFC 9106) off the event loop, with a bound on how many hashes run and how many wait."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.keys.options import Argon2Options

T = TypeVar("T")

_DEAREST_KIB, _MOST_PASSES, _MOST_LANES = 256 * 1024, 16, 16
_LONGEST_PHC = 255

_NOBODYS = f"${'A' * 22}${'A' * 43}"
"""16 and 32 bytes, zeros, in base 64: a salt and its hash."""

LONGEST = 1024
"""Bytes of a password that are looked at; the household's rules allow far fewer."""


class PoolBusyError(RefusedError):
    """More hashes are waiting than the queue holds."""

    def __init__(self, retry_after: int) -> None:
        message = "The hub is busy checking other passwords; try again in a few seconds"
        super().__init__(Refused(Code.BUSY, message, retry_after=retry_after))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the password is right, and whether its hash should be made anew with today's parameters."""

    ok: bool
    rehash: bool


class PasswordPool:
    """At most `options.workers` hashes run at a time and `options.queue` wait; each takes `options.memory_kib`.

    `started` counts the hashes begun, `waiting` those under way or in the queue. No password fits `nobodys`.
    """

    def __init__(self, options: Argon2Options) -> None:
        self._hasher = PasswordHasher(options.passes, options.memory_kib, options.lanes)
        self._room = options.workers + options.queue
        self._workers = options.workers
        self._threads = ThreadPoolExecutor(options.workers, thread_name_prefix="argon2")
        self.nobodys = _nobody(options)
        self.started = 0
        self.waiting = 0

    async def hash(self, password: str) -> str:
        """A new hash in PHC form. Raises PoolBusyError."""
        return await self._run(lambda: self._hasher.hash(_bounded(password)))

    async def verify(self, phc: str | None, password: str) -> Verdict:
        """Compare a password with a hash; None stands for nobody's and costs the same. Raises PoolBusyError."""
        return await self._run(lambda: self._verify(phc, _bounded(password)))

    @staticmethod
    def portable(phc: str) -> bool:
        """Whether another program's hash is one that passwords can be compared with here, at a bearable cost."""
        try:
            found = extract_parameters(phc)
        except InvalidHashError:
            return False
        dear = found.memory_cost > _DEAREST_KIB or found.time_cost > _MOST_PASSES or found.parallelism > _MOST_LANES
        return len(phc) <= _LONGEST_PHC and not dear

    @staticmethod
    def is_nobodys(phc: str) -> bool:
        """Whether the hash, of whatever cost, is one that no password fits."""
        return phc.endswith(_NOBODYS)

    def close(self) -> None:
        """Let running hashes end, drop waiting ones."""
        self._threads.shutdown(cancel_futures=True)

    def _verify(self, phc: str | None, password: bytes) -> Verdict:
        try:
            self._hasher.verify(phc or self.nobodys, password)
        except (VerificationError, InvalidHashError):
            return Verdict(ok=False, rehash=False)
        return Verdict(ok=phc is not None, rehash=phc is not None and self._hasher.check_needs_rehash(phc))

    async def _run(self, work: Callable[[], T]) -> T:
        if self.waiting >= self._room:
            raise PoolBusyError(retry_after=1 + self.waiting // (4 * self._workers))
        self.waiting += 1
        self.started += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(self._leave)
        # A caller that goes away leaves its hash running, and so its place taken.
        return await asyncio.shield(future)

    def _leave(self, future: asyncio.Future[T]) -> None:
        self.waiting -= 1
        if not future.cancelled():
            future.exception()


def _nobody(options: Argon2Options) -> str:
    """A hash that is nobody's, of the cost that everybody's has. It isn't made: that would be 20 ms of every start."""
    return f"$argon2id$v=19$m={options.memory_kib},t={options.passes},p={options.lanes}{_NOBODYS}"


def _bounded(password: str) -> bytes:
    """The password's bytes; one that is too long hashes as something that nobody can type."""
    content = password.encode("utf-8", "surrogatepass")
    return content if len(content) <= LONGEST else b"\xff" * (LONGEST + 1)
