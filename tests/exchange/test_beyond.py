"""A rule that this program doesn't know, and one that knows it after it, or before."""

import pytest

from rex_auth_edge.exchange.stores.cloud import SqlCloud
from rex_auth_edge.exchange.stores.hub import SqlHub
from rex_auth_edge.exchange.stores.scribes import HubScribe
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync import house as standing
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.state import Cell, State
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, signed_in, validated
from tests.exchange.street import Hub

RULE = "quiet_hours"


async def restarted(hub: Hub) -> None:
    """Synchronisation is taken up as after a start."""
    await hub.sync.runs.end()
    await hub.sync.runs.begin(looping=False)


async def test_whom_a_rule_is_about(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are shut out by a program that doesn't know it, and by none that does: nobody has disabled them for good."""
    hub = await joined(street)
    await add(hub.home, "noah")
    noah = (await signed_in(hub.home, "noah")).json()
    await agree(street)

    def said(tx: Tx) -> None:
        store = SqlHub(tx, hub.tenant)
        (user,) = [each for each in store.shown.subjects(Kind.USER) if each.hex() == noah["user_id"].replace("-", "")]
        HubScribe(store).write(Cell(Kind.PROFILE, user), State(needs=(RULE,)), None)
        store.flush()

    monkeypatch.setattr(standing, "KNOWN_NEEDS", frozenset({RULE}))
    await hub.home.store.write(said)
    await agree(street)
    for home in (hub.home, street.cloud.home):
        assert (await signed_in(home, "noah")).status_code == 200

    monkeypatch.undo()
    await restarted(hub)
    assert await validated(hub.home, noah) == 401
    await agree(street)
    for home in (hub.home, street.cloud.home):
        assert (await signed_in(home, "noah")).status_code in {401, 403}
    monkeypatch.setattr(standing, "KNOWN_NEEDS", frozenset({RULE}))
    await restarted(hub)
    assert (await signed_in(hub.home, "noah")).status_code == 200, "before it has met the cloud"
    await agree(street)
    for home in (hub.home, street.cloud.home):
        assert (await signed_in(home, "noah")).status_code == 200
    cells = await street.cloud.home.store.write(lambda tx: SqlCloud(tx, street.cloud.tenant).of_kind(Kind.DISABLED))
    assert not any(each.shown().marks for each in cells)
