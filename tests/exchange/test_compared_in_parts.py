"""A hub's rows are compared with its cells some at a time: together that is the same as all at once."""

from rex_auth_edge.exchange.mirror import recapture
from rex_auth_edge.exchange.mirror.recapturing import listed, people_of
from rex_auth_edge.exchange.stores.hub import SqlHub, enrol
from rex_auth_edge.exchange.stores.scribes import HubScribe
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.storage.tx import Touch, Tx
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.me import HEADS, Me
from tests.exchange.everything import capture_all
from tests.household.family import family
from tests.hub import Household


async def test_in_parts(home: Household) -> None:
    """Whatever the tables have is listed, and once each has been compared nothing is left but the log."""
    parts, tenant = home.hub.parts, home.hub.parts.home
    async with family(home) as they:
        answer = await they.maya.post("/household/invites", json={"role": "adult"})
        assert answer.status_code == 200, answer.text
    node = home.store.node.id.bytes
    await home.store.write(lambda tx: enrol(tx, tenant, Me(node, 1, 0, HEADS, b"nonce"), bytes(32), b""))

    def compare(tx: Tx, some: list[Touch]) -> set[str]:
        store = SqlHub(tx, tenant)
        cells = recapture(tx, parts, HubScribe(store), tenant, some)
        store.flush()
        return {str(cell.kind) for cell in cells}

    kinds: set[str] = set()
    for which in (people_of, lambda conn, of: listed(conn, parts, of, Shown(conn, of), node)):
        found: list[Touch] = await home.store.read(lambda conn, which=which: which(conn, tenant))  # type: ignore[misc]
        for each in found:
            kinds |= await home.store.write(lambda tx, one=each: compare(tx, [one]))  # type: ignore[misc]
    assert {Kind.USER, Kind.ROLE, Kind.SESSION, Kind.INVITATION, Kind.PASSWORD, Kind.KEY} <= kinds

    def rest(tx: Tx) -> set[str]:
        store = SqlHub(tx, tenant)
        left = capture_all(tx, parts, HubScribe(store), tenant)
        store.flush()
        return {str(cell.kind) for cell in left}

    assert await home.store.write(rest) <= {Kind.AUDIT}
