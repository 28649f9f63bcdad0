"""What a household's hub says, to the household next door in the same cloud: nothing."""

from uuid import UUID

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.storage import users
from rex_auth_edge.storage.tx import Tx
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined
from tests.exchange.street import sign_up
from tests.hub import PASSWORD


async def test_an_address_that_somebody_next_door_has(street: Street) -> None:
    """A hub that calls its member by a stranger's address, as proven, gets neither their sign-ins nor letters."""
    hub = await joined(street)
    home = street.cloud.home
    async with home.client("192.168.9.1") as client:
        zoe = await sign_up(home, client, "zoe@example.net", "zoe")
    await add(hub.home, "noah")

    def claim(tx: Tx) -> None:
        noah = users.by_username(tx.conn, hub.tenant, "noah")
        address = "zoe@example.net"
        users.change(tx, hub.tenant, noah.id, email=address, email_key=address, email_proven=True, email_verified=True)

    await hub.home.store.write(claim)
    await agree(street)
    street.clock.advance(SECOND)
    async with home.client("192.168.9.1") as client:
        body = {"username": "noah", "password": PASSWORD, "tenant": str(street.cloud.tenant)}
        assert (await client.post("/auth/login", json=body)).status_code == 200
        body = {"email": "zoe@example.net", "password": PASSWORD}
        answer = await client.post("/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["tenant_id"] == zoe["tenant_id"]
    assert UUID(zoe["tenant_id"]) != street.cloud.tenant
