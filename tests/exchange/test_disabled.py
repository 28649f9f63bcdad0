"""Somebody is disabled, signs in where that isn't known yet, and is let in again: both ends have the same of it."""

from uuid import UUID

from rex_auth_edge.exchange.mirror import differences
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.storage import users
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside, signed_in, validated
from tests.exchange.street import bearer
from tests.hub import Household

Place = tuple[Household, UUID]


async def alike(street: Street) -> None:
    """All have the same, in cells and in rows, in the cloud as well."""
    await agree(street)
    home, tenant = street.cloud.home, street.cloud.tenant
    found = await home.store.read(lambda conn: differences(conn, home.hub.parts, tenant, Shown(conn, tenant)))
    assert found == []


async def decide(where: Place, name: str, what: str) -> None:
    """An owner disables or enables somebody there."""
    home, tenant = where
    found = (await home.store.read(lambda conn: users.by_username(conn, tenant, name))).id
    async with bearer(home, (await signed_in(home, "maya")).json()) as owner:
        answer = await owner.post(f"/household/members/{found}/{what}")
    assert answer.status_code == 200, answer.text


async def test_who_signs_in_where_it_is_not_known(street: Street) -> None:
    """What was begun so is over for good, wherever; whoever is enabled again signs in everywhere."""
    hub, beside = await joined(street), await joined_beside(street)
    first, cloud, second = ((each.home, each.tenant) for each in (hub, street.cloud, beside))
    cases = {
        f"kin{number}": case
        for number, case in enumerate([
            (first, cloud, first), (first, cloud, cloud), (first, second, cloud), (cloud, first, first),
            (cloud, first, cloud), (cloud, second, first),
        ])
    }  # fmt: skip
    for name in cases:
        await add(hub.home, name)
    await alike(street)
    begun = []
    for name, (disabled, signs, _) in cases.items():
        begun.append((await signed_in(signs[0], name)).json())
        await decide(disabled, name, "disable")
        begun.append((await signed_in(signs[0], name)).json())
    await alike(street)
    for name, (_, _, enabled) in cases.items():
        await decide(enabled, name, "enable")
    await alike(street)
    for home, _ in (first, cloud, second):
        assert {await validated(home, tokens) for tokens in begun} == {401}
        assert {(await signed_in(home, name)).status_code for name in cases} == {200}
    await alike(street)
