"""How a hub's households stand with their cloud, for `doctor`."""

from collections.abc import Iterator

from rex_auth_edge.exchange.oversight import words
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.exchange.stores.hub import enrolled
from rex_auth_edge.storage import tenants
from rex_auth_edge.verbs.finding import OK, WARN, Finding
from rex_auth_edge.verbs.reach import Reach


async def findings(reach: Reach) -> list[Finding]:
    """One for each household that is shared."""
    if reach.sync is None:
        return []
    shared = await reach.parts.store.read(lambda conn: [tenants.get(conn, each) for each in enrolled(conn)])
    now = reach.parts.clock.now().wall
    return [_finding(house.slug, await reach.sync.status(house.id), now) for house in shared]


def _finding(slug: str, status: Status, now: int) -> Finding:
    seen = f"{slug}: {words.headline(status, now)}."
    if not any(_wrong(status)):
        return Finding("cloud", OK, seen)
    return Finding("cloud", WARN, seen, words.sentences(status, now)[0])


def _wrong(status: Status) -> Iterator[bool]:
    yield status.trouble is not None
    yield from (status.paused, status.locked, status.removed, status.restored)
