"""A cloud and a hub, joined by a line that a test can make bad; and further ones where a test asks for them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.doubles import HandClock
from tests.exchange.street import Cloud, Hub, cloud, cloud_home, hub, sqlite


@dataclass
class Street:
    """All of them; they share a clock."""

    clock: HandClock
    cloud: Cloud
    hubs: list[Hub]
    folder: Path
    stack: AsyncExitStack

    async def hub(self, name: str, seed: int, *, looping: bool = False) -> Hub:
        """Another hub, on the disk of that name."""
        made = await hub(self.stack, self.cloud, self.folder / name, self.clock, seed, looping=looping)
        self.hubs.append(made)
        return made

    async def back(self, folder: Path) -> None:
        """The cloud begins again on the disk of that folder; lines lead there."""
        store = await sqlite(self.stack, folder, self.clock, 98)
        self.cloud.home = await cloud_home(store, self.clock, self.folder / "cloud-data")
        self.stack.push_async_callback(self.cloud.home.hub.close)
        for each in self.hubs:
            each.line.app = self.cloud.home.hub.app


@pytest.fixture
async def street(tmp_path: Path, clock: HandClock) -> AsyncIterator[Street]:
    """Nobody is enrolled yet."""
    async with AsyncExitStack() as stack:
        store = await sqlite(stack, tmp_path / "cloud", clock, 99)
        at = await stack.enter_async_context(cloud(store, clock, tmp_path / "cloud-data"))
        made = Street(clock, at, [], tmp_path, stack)
        await made.hub("hub0", 0)
        yield made
