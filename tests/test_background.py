"""Work beside the doors: it survives its failures, and ends with the program however often that takes."""

import asyncio
from contextlib import suppress

import pytest

from rex_auth_edge.background import ended, every


async def test_a_failure_is_no_end(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next round comes."""
    rounds = 0

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            raise LookupError
        if rounds == 4:
            raise asyncio.CancelledError

    with suppress(asyncio.CancelledError):
        await every(0, work)
    assert rounds == 4
    assert caplog.text.count("Upkeep failed") == 1


async def test_who_swallows_the_end_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver may make a failed connection of a cancellation; the loop around it ends all the same."""
    monkeypatch.setattr("rex_auth_edge.background._AGAIN", 0.001)
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    tasks = [asyncio.create_task(deaf()), asyncio.create_task(asyncio.Event().wait())]
    await asyncio.sleep(0)
    await ended(tasks)
    assert (swallowed, [task.cancelled() for task in tasks]) == (3, [True, True])
