"""A whole hub on a machine that is switched off and on, with the program's own clock on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import sqlalchemy as sa

from rex_auth_edge.flows import timekeeping
from rex_auth_edge.storage.open import open_store
from tests import blank
from tests.doubles import HandClock, Machine, SeededEntropy
from tests.hub import Household, household

MAYA, NOOR = "maya@example.com", "noor@example.com"


@asynccontextmanager
async def running(machine: Machine, place: Path, *, orderly: bool = True) -> AsyncIterator[Household]:
    """A hub started on this machine, in this boot, on the database in `place`; stopped orderly, or by a power cut."""
    clock, entropy = machine.power_on(), SeededEntropy(machine.boots * 1000 + machine.asked)
    blank.put(place / "hub.db")
    store = await open_store(sa.make_url(f"sqlite:///{place}/hub.db"), place, clock, entropy)
    await timekeeping.begin(store, clock)
    home = await household(store, cast("HandClock", clock), place / "data", RATE_LIMIT_ENABLED="false")
    yield home
    if orderly:
        await timekeeping.keep(store)
    await home.hub.close()
    await store.close()


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    """The header that authenticates."""
    return {"authorization": f"Bearer {tokens['access_token']}"}


async def validates(client: httpx.AsyncClient, tokens: dict[str, Any]) -> bool:
    """Whether the access token is taken."""
    client.cookies.clear()
    return (await client.get("/auth/token/validate", headers=bearer(tokens))).status_code == 200


async def refreshed(client: httpx.AsyncClient, tokens: dict[str, Any]) -> dict[str, Any] | None:
    """The next tokens, None where the refresh token is refused."""
    client.cookies.clear()
    answer = await client.post("/auth/token/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code in {200, 401}, answer.text
    return dict(answer.json()) if answer.status_code == 200 else None


async def count(home: Household, table: sa.Table) -> int:
    """Rows."""
    query = sa.select(sa.func.count()).select_from(table)
    return int(await home.store.read(lambda conn: conn.execute(query).scalar_one()))
