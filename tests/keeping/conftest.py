"""A hub's data directory with people in it, as a stopped hub leaves it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keeping.backup import Wanted, back_up
from rex_auth_edge.keeping.locks import ToKey, new_key
from rex_auth_edge.settings.files import own_secret
from rex_auth_edge.storage.open import open_store
from tests import blank
from tests.doubles import HandClock, SeededEntropy
from tests.hub import household

MAYA = "maya@example.com"
Progress = Callable[[int, int], None]


def silent(_done: int, _of: int) -> None:
    """Nobody watches."""


@dataclass
class Kept:
    """A data directory, the backup that was made of it, and what opens that."""

    data_dir: Path
    database: Path
    backup: Path
    key: Secret
    secret_key: Secret
    refresh_token: str
    access_token: str


@pytest.fixture
async def kept(tmp_path: Path, clock: HandClock) -> Kept:
    """Maya owns the household; a guest is invited, a code waits, and the hub has been backed up."""
    data_dir = tmp_path / "hub"
    data_dir.mkdir(mode=0o700)
    database, secret = data_dir / "rex-auth-edge.db", own_secret(data_dir, SeededEntropy(1))
    (data_dir / "tls").mkdir(mode=0o700)
    (data_dir / "tls" / "ca.key").write_text("the authority's key")
    (data_dir / "unit-id").write_text("k7qf2m4x\n")
    blank.put(database)
    store = await open_store(sa.URL.create("sqlite", database=str(database)), data_dir, clock, SeededEntropy())
    home = await household(store, clock, data_dir)
    async with home.client() as client:
        tokens = await home.own(client, MAYA, "maya")
        client.headers["authorization"] = f"Bearer {tokens['access_token']}"
        assert (await client.post("/household/invites", json={"role": "guest"})).status_code == 200
    async with home.client("192.168.1.40") as other:
        await home.begin(other, "ida@example.com")
    await home.hub.close()
    key, public = new_key()
    made = back_up(Wanted(database, data_dir, tmp_path / "stick", secret, ToKey(public)), clock.now(), silent)
    await store.close()
    return Kept(data_dir, database, made.path, key, secret, tokens["refresh_token"], tokens["access_token"])
