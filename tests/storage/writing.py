"""A process that writes to a SQLite database in argv[1] until it is killed, naming each row once it is answered for."""

import asyncio
import itertools
import os
import sys
from pathlib import Path

import sqlalchemy as sa

from rex_auth_edge.storage.open import open_store
from tests.doubles import HandClock, SeededEntropy
from tests.storage.rows import add


async def main(folder: Path) -> None:
    """Eight clients, so that commits are shared."""
    url = sa.URL.create("sqlite", database=str(folder / "hub.db"))
    store = await open_store(url, folder, HandClock(), SeededEntropy())

    async def client(number: int) -> None:
        for one in itertools.count():
            os.write(1, f"{await store.write(add(f'{number}-{one}', bytes(200)))}\n".encode())

    await asyncio.gather(*map(client, range(8)))


asyncio.run(main(Path(sys.argv[1])))
