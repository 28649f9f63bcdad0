"""People of the original's who move into a household that hub and cloud share already."""

from typing import Any

import pytest
from argon2 import PasswordHasher

from rex_auth_edge.domain.clock import HOUR
from tests.exchange.conftest import Street
from tests.exchange.consoles import at
from tests.exchange.people import agree, joined, signed_in
from tests.exchange.street import Hub
from tests.hub import PASSWORD

HASH = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)


async def move_in(hub: Hub, street: Street, **values: Any) -> None:
    """Noah, as the original knew him."""
    person = {
        "tenant": 1, "tenant_name": "noah", "person": 1, "username": "noah", "email": "noah@example.com",
        "password_hash": HASH, "email_verified": True, "banned_for_good": False, "failures": 0, "ban_until": None,
        "created_at": None, "last_login_at": None, "changes": [],
    }  # fmt: skip
    await at(hub, street).do("moving.people", source="old", people=[person | values], into="home", dry=False)
    await agree(street)


async def test_a_password_moves_in_everywhere(street: Street) -> None:
    """Who moves in at the hub signs in to the cloud as well, with the password of before."""
    hub = await joined(street)
    await move_in(hub, street)
    for home in (hub.home, street.cloud.home):
        assert (await signed_in(home, "noah")).status_code == 200


@pytest.mark.parametrize("later", [200, 403])
async def test_a_ban_moves_in_everywhere(street: Street, later: int) -> None:
    """Who was banned in the original is so on both sides, for good or for what is left of it."""
    hub = await joined(street)
    until = street.clock.now().wall + 3 * HOUR
    await move_in(hub, street, banned_for_good=later == 403, failures=5, ban_until=until)
    for home in (hub.home, street.cloud.home):
        assert (await signed_in(home, "noah")).status_code == 403
    street.clock.advance(4 * HOUR)
    for home in (hub.home, street.cloud.home):
        assert (await signed_in(home, "noah")).status_code == later
