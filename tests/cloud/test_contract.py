"""The contract's own tests of Core against the cloud role: whoever registers has a household of their own.

Of tests with parameters the first example runs (see `conftest.py`): what differs here is the store, not the field.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rex_auth_edge.storage.store import Store
from tests.cloud.settings import SETTINGS
from tests.contract import (
    test_login,
    test_profile,
    test_recovery,
    test_refresh,
    test_registration,
    test_sessions,
    test_tokens,
)
from tests.doubles import HandClock
from tests.hub import Household, household
from tests.redis_server import RedisServer

pytestmark = pytest.mark.mariadb

MODULES = (test_login, test_profile, test_recovery, test_refresh, test_registration, test_sessions, test_tokens)
OTHERWISE = {
    # Who registers is the owner, not another adult.
    *("test_fields", "test_change", "test_claims"),
    # Two households know nothing of each other's usernames, and a bare one signs nobody in: see `test_processes.py`.
    *("test_race_for_a_username", "test_loser_of_a_race_for_a_username_tries_another"),
    *("test_taken_username_is_told_to_everybody_alike", "test_derived_username_is_a_free_one"),
    # There is no default household to be named.
    "test_tenant_is_a_slug_or_an_id",
}
UNLIMITED = {"test_one_line_of_tokens"}
"""What advances its clock to be let in again: Redis has its own."""

found = {name: each for module in MODULES for name, each in vars(module).items() if name.startswith("test_")}
globals().update({name: each for name, each in found.items() if name not in OTHERWISE})


def test_what_is_otherwise_is_there() -> None:
    """Every exception is one of the contract's tests."""
    assert set(found) >= OTHERWISE


@pytest.fixture
async def home(
    request: pytest.FixtureRequest, mariadb_store: Store, redis: RedisServer, clock: HandClock, tmp_path: Path
) -> AsyncIterator[Household]:
    """A process of the cloud role, whose rates are counted in Redis."""
    redis.forget()
    limited = "false" if request.node.name in UNLIMITED else "true"
    counted = {"RATE_LIMIT_ENABLED": limited, "RATELIMIT_STORAGE_URI": redis.url}
    made = await household(mariadb_store, clock, tmp_path / "data", **(SETTINGS | counted))
    yield made
    await made.hub.close()


@pytest.fixture
def signing(home: Household) -> tuple[Household, str]:
    """It signs by the algorithm that is the default."""
    return home, "ES256"
