"""Rates: how often one target, and one address, may ask for what costs mail, hashes or guesses."""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from rex_auth_edge.domain.clock import SECOND, Clock
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.web.addresses import rate_key
from rex_auth_edge.web.options import WebOptions
from rex_auth_edge.web.windows import BootWindows


class Rule(StrEnum):
    """What is limited; `_RULES` says how."""

    REGISTER = "register"
    RESEND = "resend"
    FORGOT = "forgot"
    LOGIN = "login"
    VERIFY = "verify"
    PASSWORD = "password"  # noqa: S105 - a name, not a secret
    REFRESH = "refresh"
    RESET = "reset"
    VALIDATE = "validate"
    DEVICE = "device"
    LABEL = "label"
    ASK = "ask"
    PAIR = "pair"
    UNPROVEN = "unproven"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class _Limits:
    """Four sets of limits: per target (an account, a mail address, a session, a token) and per client address.

    `every` counts each request, `failing` only those that fail.
    """

    every_target: tuple[RateLimitItem, ...] = ()
    every_address: tuple[RateLimitItem, ...] = ()
    failing_target: tuple[RateLimitItem, ...] = ()
    failing_address: tuple[RateLimitItem, ...] = ()


_5, _10, _20, _30 = ((parse(f"{amount}/minute"),) for amount in (5, 10, 20, 30))
_A_DAY = (parse("100/day"),)
"""Codes of six digits are guessed in three tries a registration; this keeps patience from making up for that."""

_MAIL = _Limits(every_target=_5, every_address=_30)
_GUESS = _Limits(failing_target=_10 + _A_DAY, failing_address=_30)
_TOKEN = _Limits(every_target=_20, failing_address=_30)
_RULES: dict[Rule, _Limits] = {
    Rule.REGISTER: _MAIL,
    Rule.RESEND: _MAIL,
    Rule.FORGOT: _MAIL,
    Rule.LOGIN: _GUESS,
    Rule.VERIFY: _GUESS,
    Rule.PASSWORD: _Limits(failing_target=_10 + _A_DAY),
    Rule.REFRESH: _TOKEN,
    Rule.RESET: _TOKEN,
    Rule.VALIDATE: _Limits(failing_address=_30),
    Rule.DEVICE: _Limits(failing_address=_30),
    Rule.LABEL: _Limits(failing_target=(parse("30/day"),), failing_address=(parse("5/hour"),)),
    Rule.ASK: _Limits(every_address=_10),
    Rule.PAIR: _Limits(failing_target=_10 + _A_DAY),
    Rule.UNPROVEN: _Limits(failing_address=_30),
    Rule.HUB: _Limits(every_target=(parse("1200/minute"),)),
}

_UNCOUNTED = Refused(
    Code.STORAGE_UNAVAILABLE, "This can't be decided at the moment; try again in a few seconds", retry_after=5
)

_log = logging.getLogger("rex_auth_edge.web")

Counters = list[tuple[RateLimitItem, str]]
HasRoom = Callable[[RateLimitItem, str], Awaitable[bool]]


class Rates:
    """Moving windows; in memory on a hub, in Redis where `options.rate_storage` names one."""

    def __init__(self, options: WebOptions, clock: Clock) -> None:
        self._storage, self._now = _storage(options, clock)
        self._on = options.rate_limits
        self._windows = MovingWindowRateLimiter(self._storage)

    async def check(self, rule: Rule, target: str, address: str | None) -> Refused | None:
        """Count a request, or refuse it. An `address` of None isn't counted: a household's own gateway."""
        limits = _RULES[rule]
        return await self._hit(_counters(rule, limits.every_target, target, limits.every_address, address))

    async def fail(self, rule: Rule, target: str, address: str | None) -> Refused | None:
        """Count a failure; a refusal once there are too many."""
        limits = _RULES[rule]
        return await self._hit(_counters(rule, limits.failing_target, target, limits.failing_address, address))

    async def peek(self, rule: Rule, target: str, address: str | None) -> Refused | None:
        """The refusal where failures have used the rule up; counts nothing."""
        limits = _RULES[rule]
        counters = _counters(rule, limits.failing_target, target, limits.failing_address, address)
        return await self._first_full(counters, self._windows.test)

    async def close(self) -> None:
        """Release the connections to Redis, if any."""
        if isinstance(self._storage, RedisStorage):
            await self._storage.bridge.get_connection().aclose()  # type: ignore[attr-defined]  # all bridges have it

    async def _hit(self, counters: Counters) -> Refused | None:
        return await self._first_full(counters, self._windows.hit)

    async def _first_full(self, counters: Counters, has_room: HasRoom) -> Refused | None:
        if not self._on:
            return None
        try:
            for limit, key in counters:
                if not await has_room(limit, key):
                    return await self._refusal(limit, key)
        except StorageError as error:
            # Closed, not open: guesses that nobody counts would be free.
            _log.error("Rates can't be counted: their storage fails (%s).", type(error.__cause__).__name__)
            return _UNCOUNTED
        return None

    async def _refusal(self, limit: RateLimitItem, key: str) -> Refused:
        stats = await self._windows.get_window_stats(limit, key)
        seconds = min(max(1, ceil(stats.reset_time - self._now())), limit.get_expiry())
        return Refused(Code.RATE_LIMITED, f"Too many requests; please wait {seconds} seconds", retry_after=seconds)


def _storage(options: WebOptions, clock: Clock) -> tuple[Storage, Callable[[], float]]:
    """Where windows are kept, and the seconds that they are kept in."""
    uri = options.rate_storage
    if uri is None or uri.startswith("memory"):
        return BootWindows(clock), lambda: clock.now().boot / SECOND
    from rex_auth_edge.web import redis  # noqa: PLC0415 - a hub has no client of it

    options_of = {"implementation": "redispy", "wrap_exceptions": True, **redis.BOUNDS, **redis.AGAIN}
    storage = storage_from_string(f"async+{redis.spoken_to(uri)}", **options_of)
    return storage, lambda: clock.now().wall / SECOND  # type: ignore[return-value]  # async by its scheme


def _counters(
    rule: Rule,
    of_target: tuple[RateLimitItem, ...],
    target: str,
    of_address: tuple[RateLimitItem, ...],
    address: str | None,
) -> Counters:
    """Each limit with the key that it counts under: short, and without anybody's address of mail in it."""
    hashed = hashlib.blake2b(target.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    counters = [(limit, f"{rule}:target:{hashed}") for limit in of_target]
    if address is not None:
        counters += [(limit, f"{rule}:address:{rate_key(address)}") for limit in of_address]
    return counters
