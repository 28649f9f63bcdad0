"""A COMMIT whose answer never came: nobody can know whether it is kept, so whatever it would have ended is refused."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rex_auth_edge.storage.open import open_store
from rex_auth_edge.storage.store import Store
from tests.cloud.cut import Line, line_to
from tests.cloud.settings import SETTINGS
from tests.contract.shapes import MAYA, bearer, refused
from tests.doubles import HandClock, SeededEntropy
from tests.hub import Household, household
from tests.mariadb import MariaServer

pytestmark = pytest.mark.mariadb


@pytest.fixture
async def cut_off(
    mariadb_store: Store, mariadb_server: MariaServer, clock: HandClock, tmp_path: Path
) -> AsyncIterator[tuple[Household, Line]]:
    """A process whose line to the database can be cut."""
    assert await mariadb_store.read(lambda conn: conn.dialect.name)
    async with line_to(mariadb_server.port) as (line, port):
        store = await open_store(mariadb_server.url.set(port=port), tmp_path, clock, SeededEntropy())
        made = await household(store, clock, tmp_path / "data", **SETTINGS)
        yield made, line
        await made.hub.close()
        await store.close()


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_sign_out_in_doubt(cut_off: tuple[Household, Line], where: str) -> None:
    """The caller is told that it isn't known, the access token is refused at once, and the next try makes it sure."""
    home, line = cut_off
    async with home.client() as client, home.client("192.168.1.30") as bare:
        tokens = await home.join(client, MAYA)
        line.cut = where
        refused(await bare.post("/auth/logout", headers=bearer(tokens)), 503, "storage_unavailable")
        assert line.cut == ""
        refused(await bare.get("/auth/token/validate", headers=bearer(tokens)), 401, "invalid_token")
        body = {"refresh_token": tokens["refresh_token"]}
        kept = await bare.post("/auth/token/refresh", json=body)
        assert kept.status_code == {"before": 200, "after": 401}[where]


@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_registration_in_doubt(cut_off: tuple[Household, Line], where: str) -> None:
    """It isn't done again by itself: whoever tries again is let in, or told that nothing is left to verify."""
    home, line = cut_off
    async with home.client() as client:
        token = await home.begin(client, MAYA)
        proof = {"email": MAYA, "otp": await home.code(MAYA), "temp_token": token}
        line.cut = where
        refused(await client.post("/auth/register/verify", json=proof), 503, "storage_unavailable")
        again = await client.post("/auth/register/verify", json=proof)
        assert again.status_code == {"before": 200, "after": 400}[where]
        assert (await home.login(client, MAYA)).status_code == 200
