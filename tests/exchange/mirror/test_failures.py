"""Failed sign-ins and bans, on two hubs and in the cloud between them."""

from uuid import UUID

import httpx
import pytest

from rex_auth_edge.domain.clock import HOUR, MINUTE
from rex_auth_edge.exchange.mirror.bans import Ban
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.state import Cell
from tests.exchange.mirror.family import alike, member, signed_in
from tests.exchange.mirror.nodes import Node, World


async def fails(node: Node, times: int) -> None:
    """Somebody guesses at Noah's password, at a device that nobody knows."""
    for _ in range(times):
        assert (await node.home.login(node.home.client(), "noah", "wrong")).status_code == 401


async def tries(node: Node) -> httpx.Response:
    """Noah signs in at a device that nobody knows."""
    return await node.home.login(node.home.client(), "noah")


async def test_a_ban_holds_on_every_node(family: World) -> None:
    """Four failures on one hub close the account on the other, too, for as long; what they were is forgiven once."""
    one, other = family.hubs
    await member(await signed_in(one), "noah")
    await family.meet()
    await fails(one, 4)
    await alike(family)
    assert [(await tries(node)).status_code for node in (one, other, family.cloud)] == [403] * 3
    await alike(family)
    for node in (one, other, family.cloud):
        node.home.clock.advance(HOUR + 1)
    assert (await tries(other)).status_code == 200
    await alike(family)
    await fails(one, 3)
    assert (await tries(one)).status_code == 200


@pytest.mark.parametrize(
    ("came", "clouds", "remains"),
    [(None, 9_000, 5_000), (1_000, None, 5_000), (1_000, 3_000, 3_000), (1_000, 9_000, 0), (3_000, 1_000, 5_000)],
)
def test_what_remains_of_a_ban(came: int | None, clouds: int | None, remains: int) -> None:
    """All of it where nobody knows when it was told: by a cloud of before, or by one whose clock isn't known."""
    assert Ban(4, 5_000, came).remains(clouds) == remains


async def test_failures_of_all_nodes_count_together(family: World) -> None:
    """Two on each of two hubs ban nobody when they come together; the next one does, wherever it is."""
    one, other = family.hubs
    await member(await signed_in(one), "noah")
    await family.meet()
    await fails(one, 2)
    await fails(other, 2)
    await alike(family)
    await fails(one, 1)
    assert (await tries(one)).status_code == 403
    await alike(family)
    assert (await tries(other)).status_code == 403


async def test_a_pardon_is_heard_everywhere(family: World) -> None:
    """An owner lifts on one hub what began on the other, where the person is let in again."""
    one, other = family.hubs
    maya = await signed_in(other)
    noah_id = await member(maya, "noah")
    await family.meet()
    await fails(one, 4)
    await alike(family)
    assert not (await maya.post(f"/household/members/{noah_id}/lift-ban")).is_error
    await alike(family)
    assert (await tries(one)).status_code == 200


async def test_a_ban_is_told_once(family: World) -> None:
    """However often its hub looks at what it has counted while it lasts."""
    one, _ = family.hubs
    noah_id = await member(await signed_in(one), "noah")
    await family.meet()
    await fails(one, 4)
    for _ in range(2):
        await one.begin()
    await family.meet()
    assert len(family.cloud.house.state(Cell(Kind.BAN, UUID(noah_id).bytes)).marks) == 1


async def test_a_ban_is_not_begun_again(family: World) -> None:
    """By a hub that looks at it once more, as when something else about the person is heard: it ends when it does."""
    one, other = family.hubs
    await member(await signed_in(one), "noah")
    await family.meet()
    await fails(one, 4)
    await alike(family)
    other.home.clock.advance(50 * MINUTE)
    await other.adopt(other.cells())
    other.home.clock.advance(10 * MINUTE + 1)
    assert (await tries(other)).status_code == 200
