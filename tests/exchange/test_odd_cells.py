"""What a forged hub says that no row can tell: the ends go on agreeing, each with its own tables too."""

from typing import Any
from uuid import UUID

import pytest

from rex_auth_edge.exchange.mirror import differences
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.storage import users
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Count, State
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside, members
from tests.exchange.thieves import Thief

HEX = "ab" * 32


def counted(key: str, total: int, cleared: int = 0) -> Any:
    """Failures at a device of that key."""

    def make(pen: Pen) -> State:
        return State(counts=(Count(key, pen.tag.origin, pen.tag.incarnation, total, cleared),))

    return make


ODD = {
    Kind.FAILURES: [
        *(counted(key, 3) for key in ("", "no device", HEX.upper(), HEX[:-2], f"{HEX[:2]} {HEX[2:]}", HEX)),
        counted("unknown", 1 << 62),
        counted(HEX, 5, 9),
    ],
    Kind.BAN: [
        lambda pen, what=what: pen.mark(what)
        for what in (
            *(None, 5, [], ["unknown", None], ["unknown", -1, 3], ["unknown", "long", 3], ["unknown", 5, None]),
            *([5, None, 3], ["no device", None, 3], [HEX.upper(), None, 3], ["unknown", None, 0], [HEX, 1 << 61, 7]),
            *(["unknown", None, 1 << 61], {"unknown": 1}),
        )
    ],
    Kind.USERNAME: [
        lambda pen, fields=fields: pen.put(**fields)
        for fields in (
            *({"username": value} for value in (None, 5, "", " ", "x" * 300, "a\x00b", ["noah"])),
            *({"key": value} for value in (None, 5, "maya")),
            {"username": "N", "key": "n"},
        )
    ],
    Kind.EMAIL: [
        lambda pen, fields=fields: pen.put(**fields)
        for fields in (
            {"address": 5, "key": "x", "proven": True},
            {"address": "x" * 300 + "@example.com", "verified": "yes"},
            {"address": "nobody", "key": "nobody@example.com"},
        )
    ],
    Kind.PROFILE: [
        lambda pen: pen.put(first_name=5, last_name="x" * 500, phone_number="", voice="no", guardian=b"short"),
    ],
}


@pytest.mark.parametrize("kind", list(ODD))
async def test_odd_cells(street: Street, kind: Kind) -> None:
    """Whatever is in them, hub and cloud have the same, and what their tables say is what was agreed on."""
    hub = await joined(street)
    await add(hub.home, "noah")
    beside = await joined_beside(street)
    await agree(street)
    street.hubs.remove(hub)
    home, tenant = street.cloud.home, street.cloud.tenant
    noah = (await home.store.read(lambda conn: users.by_username(conn, tenant, "noah"))).id.bytes
    thief, parts = Thief(hub), home.hub.parts
    for number, make in enumerate(ODD[kind]):
        assert await thief.push(kind, noah, make) == "taken", number
        await agree(street)
        found = await home.store.read(lambda conn: differences(conn, parts, tenant, Shown(conn, tenant)))
        assert found == [], number
    assert await members(beside.home) == await members(home)
    assert UUID(bytes=noah) in {row.id for row in await home.store.read(lambda conn: users.every(conn, tenant))}
