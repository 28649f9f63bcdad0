"""A stolen hub gives an honest device its thief's key, or more rights: the device goes with it."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.domain.clock import HOUR
from rex_auth_edge.exchange.mirror import adopt
from rex_auth_edge.exchange.stores.cloud import SqlCloud
from rex_auth_edge.exchange.stores.scribes import CloudScribe
from rex_auth_edge.storage import devices
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import ACTIVE, Kind
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell
from tests.exchange.conftest import Street
from tests.exchange.owners import removed, said
from tests.exchange.people import agree, joined
from tests.exchange.thieves import Thief

LAMP = b"an honest device"


async def lamp(street: Street) -> None:
    """The cloud lets one in."""
    parts, tenant = street.cloud.home.hub.parts, street.cloud.tenant

    def work(tx: Tx) -> None:
        store = SqlCloud(tx, tenant)
        scribe = CloudScribe(store, tx.now.wall, parts.naming(tenant))
        profile = scribe.pen().put(name="Lamp", way="code", kind="other", scopes="read", public_key="{}")
        scribe.write(Cell(Kind.DEVICE, LAMP), scribe.pen().climb(ACTIVE), None)
        scribe.write(Cell(Kind.DEVICE_PROFILE, LAMP), profile, None)
        store.flush()
        adopt(tx, parts, tenant, store, tuple(store.dirty))

    await street.cloud.home.store.write(work)


@pytest.mark.parametrize(
    ("kind", "fields", "after", "told"),
    [
        (Kind.DEVICE_PROFILE, {"public_key": '{"kty":"OKP"}'}, "removed", "was taken back: its key or its rights"),
        (Kind.DEVICE_PROFILE, {"scopes": "read write"}, "removed", "was taken back: its key or its rights"),
        (Kind.DEVICE, {"suspended": False}, "removed", "was taken back: its key or its rights"),
        (Kind.DEVICE, {"suspended": True}, "suspended", "still stands: that it is suspended"),
        (Kind.DEVICE_PROFILE, {"room": "Hall"}, "active", "still stands: what it is called, and where it is"),
    ],
)
async def test_a_device_with_anothers_key(
    street: Street, kind: Kind, fields: dict[str, Any], after: str, told: str
) -> None:
    """Once the hub isn't trusted, nothing comes in by what it has said; what it was called or where it is may stay.

    Owners are told of each.
    """
    hub = await joined(street)
    await lamp(street)
    await agree(street)
    street.clock.advance(2 * HOUR)
    assert await Thief(hub).push(kind, LAMP, partial(Pen.put, **fields)) == "taken"
    found = said(await removed(street, hub.id, stolen="true", since="30m"))
    (says,) = [each for sentences in found.values() for each in sentences]
    assert f"had done to Lamp {told}" in says
    home, tenant = street.cloud.home, street.cloud.tenant
    row = await home.store.read(lambda conn: devices.get(conn, tenant, UUID(bytes=LAMP)))
    assert row is not None
    assert row.state == after
