"""What a household has beside its people, on a node: invitations, devices, and what these hold."""

from typing import Any

import httpx
import sqlalchemy as sa

from rex_auth_edge.storage import devices, invitations
from rex_auth_edge.storage.device_tables import device_grants
from tests.devices.machines import Machine, joined
from tests.exchange.mirror.family import member, signed_in
from tests.exchange.mirror.nodes import Node, World
from tests.voice.speaking import VOICE, act


async def states(node: Node) -> list[tuple[Any, ...]]:
    """Each invitation, and whether it has been used or revoked."""
    found = await node.home.store.read(lambda conn: invitations.every(conn, node.tenant))
    return [(row.id, row.name, row.role, row.used_by, row.revoked_at is not None) for row in found]


async def kinds(node: Node) -> list[tuple[Any, ...]]:
    """Each device, and how it stands."""
    found = await node.home.store.read(lambda conn: devices.everything(conn, node.tenant))
    return [(row.id, row.name, row.room, row.scopes, row.state, row.public_key) for row in found]


async def acting(node: Node) -> int:
    """How many tokens' chains devices hold for people."""
    of_people = (device_grants.c.user_id.is_not(None)) & device_grants.c.ended_at.is_(None)
    count = sa.select(sa.func.count()).select_from(device_grants).where(of_people)
    return int(await node.home.store.read(lambda conn: conn.execute(count).scalar_one()))


async def speaker(owner: httpx.AsyncClient, node: Node) -> Machine:
    """A voice app of the household's."""
    voice = await joined(owner, node.home.client(), **VOICE)
    voice.clock = node.home.clock.wall // 1000
    return voice


async def acts_for_noah(family: World) -> Machine:
    """A voice app that Maya has let in on the first hub, and that acts for Noah there; all have heard of both."""
    one, _ = family.hubs
    maya = await signed_in(one)
    await member(maya, "noah")
    voice = await speaker(maya, one)
    await family.meet()
    assert (await act(voice, "noah")).status_code == 200
    return voice
