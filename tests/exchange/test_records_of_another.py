"""A node's record is its own: no other takes the places that its rows are going to have."""

from functools import partial

import sqlalchemy as sa

from rex_auth_edge.exchange.mirror.audit import cell_of
from rex_auth_edge.storage.audit_elsewhere import head
from rex_auth_edge.storage.tx import Node
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.pen import Pen
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside
from tests.exchange.street import Cloud, Hub
from tests.exchange.thieves import Thief
from tests.hub import Household


async def test_a_place_that_another_hub_has_taken_first(street: Street) -> None:
    """Whoever knows a node's id knows what its next rows will be called, and can't keep them from being heard."""
    hub, beside, cloud = await joined(street), await joined_beside(street), street.cloud
    await agree(street)
    street.hubs.remove(hub)
    thief, of_hub, of_cloud = Thief(hub), await _node(beside.home), await _node(cloud.home)
    for node in (of_hub, of_cloud):
        for seq in range(1, 30):
            place = cell_of(node.id, node.incarnation, seq).id
            assert await thief.push(Kind.AUDIT, place, partial(Pen.put, row=b"nothing")) == "taken"
    for home in (beside.home, cloud.home):
        await add(home, f"noah{home is cloud.home:d}")
    await agree(street)
    assert await _upto(cloud.home, cloud, of_hub) == await _upto(beside.home, beside, of_hub) > 1
    assert await _upto(beside.home, beside, of_cloud) == await _upto(cloud.home, cloud, of_cloud) > 1


async def _node(home: Household) -> Node:
    return await home.store.write(lambda tx: tx.node)


async def _upto(home: Household, at: Hub | Cloud, node: Node) -> int:
    """How far the node's record goes there."""

    def query(conn: sa.Connection) -> int:
        return int(head(conn, at.tenant, node.id, node.incarnation).seq)

    return await home.store.read(query)
