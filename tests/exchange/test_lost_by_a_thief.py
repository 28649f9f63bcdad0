"""What a stolen hub says that the cloud has forgotten: nothing by which a household is shut out of itself for ever."""

import json
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.messages import ENROLL, PUSH, Enrol, Enrolled
from rex_auth_edge.exchange.mirror.audit import _PARTS, cell_of
from rex_auth_edge.exchange.proof import HubKey, Signer
from rex_auth_edge.exchange.trouble import LineError
from rex_auth_edge.storage import users
from rex_auth_edge.storage.audit import chain
from rex_auth_edge.storage.tables import audit
from rex_auth_edge.sync.bodies import Push, Row
from rex_auth_edge.sync.digest import link
from rex_auth_edge.sync.house import RESTORED
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind, lane_of
from rex_auth_edge.sync.order import START, Position, Tag, unsent
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, Held, Mark, Reset, Rung, State
from rex_auth_edge.sync.wire import encode, name_of, pack_state
from tests.doubles import SeededEntropy
from tests.exchange.conftest import Street
from tests.exchange.people import agree, joined, joined_beside, signed_in, validated
from tests.exchange.street import CLOUD
from tests.exchange.thieves import Talk, me_tag
from tests.hub import Household

FAR = Position(1 << 61, 1)
"""A place after all that will ever be, and no unsent one."""
BY = Tag(b"E" * 16, 1, 1)


def forgotten(talk: Talk, cell: Cell, state: State) -> Push:
    """What says that a restored cloud has forgotten this."""
    lane = lane_of(cell.kind)
    head = talk.household.me.heads[lane]
    lost = (Row(cell.kind, cell.id, START, pack_state(state)),)
    return talk.push(lost=lost, lane=lane, after=head, upto=link(head, lane, head.number, ()))


async def test_what_nobody_can_have_forgotten(street: Street) -> None:
    """Marks and resets of a place that is still to come, a policy's last version, the end of the cloud: all refused."""
    hub = await joined(street)
    home = street.cloud.home
    maya = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))).id.bytes
    cloud = home.store.node.id.bytes
    talk = Talk(hub)
    told = [
        (Cell(Kind.SIGN_OUT, maya), State(marks=(Mark(BY, FAR, None),))),
        (Cell(Kind.ROLE, maya), State(marks=(Mark(BY, FAR, "guest"),))),
        (Cell(Kind.PASSWORD, maya), State(resets=(Reset(BY, FAR),))),
        (Cell(Kind.POLICY, HOUSEHOLD), State(version=2**64 - 1)),
        (Cell(Kind.HUB, cloud), State(rung=Rung(REVOKED, unsent(0), BY, START))),
        (Cell(Kind.HUB, cloud), State(marks=(Mark(Tag(cloud, 1 << 60, 1), unsent(0), RESTORED),))),
    ]
    for cell, state in told:
        assert await talk.says(PUSH, encode(forgotten(talk, cell, state))) == "forged", cell
    pen = Pen(me_tag(talk.household.me, talk.household.me.number + 1), talk.household.me.whole)
    ended = talk.change(kind=Kind.HUB.value, id=cloud, state=pack_state(pen.climb(REVOKED)))
    assert await talk.says(PUSH, encode(talk.push(ended))) == "forged"
    signed = await signed_in(home, "maya")
    assert await validated(home, signed.json()) == 200


async def rows_of(home: Household, node: UUID) -> list[Any]:
    """What a place has on record of a node's."""
    query = sa.select(audit).where(audit.c.node_id == node).order_by(audit.c.seq)
    return list(await home.store.read(lambda conn: conn.execute(query).all()))


async def test_a_record_of_another_hubs(street: Street) -> None:
    """It doesn't go on from what that hub has on record, however well it is made up: it is told as this hub's word."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await agree(street)
    home, node = street.cloud.home, beside.id
    before = await rows_of(home, node)
    row = before[-1]._asdict() | {"named": beside.tenant, "seq": before[-1].seq + 1, "event": "member.made_up"}
    row["hash"] = chain(bytes(before[-1].hash), beside.tenant, row["seq"], row)
    told = [each.bytes if isinstance(each := row[name], UUID) else each for name in _PARTS]
    cell = cell_of(node, row["incarnation"], row["seq"])
    state = State(fields={"row": Held(START, Tag(node.bytes, 1, 1 << 20), told)})
    talk = Talk(hub)
    assert await talk.says(PUSH, encode(forgotten(talk, cell, state))) == "Pushed"
    street.hubs.remove(hub)
    await agree(street)
    assert await rows_of(home, node) == before
    assert [each.event for each in await rows_of(beside.home, node)].count("member.made_up") == 0
    thief = hub.id
    cloud = home.store.node.id
    for place in (home, beside.home):
        (handed,) = [each for each in await rows_of(place, cloud) if each.event == "audit.handed_on"]
        said = json.loads(handed.detail)
        assert (said["by"], said["told"]["event"], said["told"]["node_id"]) == (thief.hex, "member.made_up", str(node))


async def test_a_restore_of_another_hubs(street: Street) -> None:
    """Only the hub itself says that it was restored: what it vouches for goes on."""
    hub = await joined(street)
    beside = await joined_beside(street)
    await agree(street)
    node = beside.id.bytes
    maya = (await signed_in(beside.home, "maya")).json()
    await agree(street)
    talk = Talk(hub)
    state = State(marks=(Mark(Tag(node, 1 << 20, 1), unsent(0), RESTORED),))
    assert await talk.says(PUSH, encode(forgotten(talk, Cell(Kind.HUB, node), state))) == "Pushed"
    street.hubs.remove(hub)
    await agree(street)
    assert await validated(beside.home, maya) == 200


async def test_a_hub_that_calls_itself_the_cloud(street: Street) -> None:
    """Nobody is let in under the cloud's own id, by whichever code."""
    home = street.cloud.home
    cloud = home.store.node.id.bytes
    key, code = HubKey(b"k" * 32), await street.cloud.claim()
    asking = SignedLine(street.hubs[0].line, CLOUD, lambda: Signer(key), SeededEntropy(5))
    with pytest.raises(LineError, match=r"malformed"):
        await asking.ask(ENROLL, encode(Enrol(code, cloud)))
    assert name_of(await asking.ask(ENROLL, encode(Enrol(code, b"somebody's hub..")))) == Enrolled.__name__
