"""Work that goes on beside the doors: done now and again, and ended with the program."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from rex_auth_edge.domain.refusals import RefusedError

_AGAIN = 0.5
"""Seconds between tries to end what goes on."""

_log = logging.getLogger(__name__)


async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` now and again. A failure is logged, and the next time is another chance."""
    while True:
        try:
            await work()
        except RefusedError as error:
            _log.error("Upkeep failed; trying again in %s seconds. %s", seconds, error)
        except Exception:  # noqa: BLE001  one failed round must not end the next
            _log.exception("Upkeep failed; trying again in %s seconds.", seconds)
        await asyncio.sleep(seconds)


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended: once isn't enough where a driver makes a failed connection of it."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        left = (await asyncio.wait(left, timeout=_AGAIN))[1]
