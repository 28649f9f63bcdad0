"""All of a household compared with its cells, some rows at a time: at a restore, and when a first hub joins."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.exchange.mirror import sessions
from rex_auth_edge.exchange.mirror.side import Side
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage import devices as device_rows
from rex_auth_edge.storage import invitations as invitation_rows
from rex_auth_edge.storage import sessions as session_rows
from rex_auth_edge.storage import users
from rex_auth_edge.storage.columns import portions
from rex_auth_edge.storage.tx import Touch, What
from rex_auth_edge.sync.house import House

_ROWS_AT_ONCE = 50
"""People, sessions or devices that are compared with their cells in one transaction."""


async def recapture_all(parts: Parts, tenant_id: UUID, write: Callable[[list[Touch]], Awaitable[bool]]) -> None:
    """Have `write` write as changes, by `recapture`, what these rows say and their cells don't, and tell whether any.

    Some at a time, since whoever signs in waits meanwhile; what is done in between is written by itself.
    """
    node = parts.store.node.id
    queries: list[Callable[[sa.Connection], list[Touch]]] = [
        lambda conn: people_of(conn, tenant_id),
        lambda conn: listed(conn, parts, tenant_id, Shown(conn, tenant_id), node.bytes),
    ]
    for query in queries:
        for some in portions(await parts.store.read(query), _ROWS_AT_ONCE):
            await write(some)
    while await write([Touch(What.AUDIT, node)]):
        pass


def people_of(conn: sa.Connection, tenant_id: UUID) -> list[Touch]:
    """The household's people, and what they stand on: to be written before `listed` is asked."""
    everybody = [Touch(What.PERSON, row.id) for row in users.every(conn, tenant_id)]
    return [Touch(What.KEYS, tenant_id), *everybody]


def listed(conn: sa.Connection, parts: Parts, tenant_id: UUID, house: House, node: bytes) -> list[Touch]:
    """All else of which the household's rows may say something else than its cells.

    To be asked once its people have been told of: whatever is done after that is written by itself.
    """
    side = Side(conn, parts, tenant_id, house, node, parts.clock.now())
    open_here = [row.id for row in session_rows.every_open(conn, tenant_id)]
    found = {
        What.FAILURES: [row.id for row in users.every(conn, tenant_id)],
        What.SESSION: [*open_here, *sessions.lingering(side)],
        What.DEVICE: [row.id for row in device_rows.everything(conn, tenant_id)],
        What.INVITATION: [row.id for row in invitation_rows.every(conn, tenant_id)],
        What.NAME if parts.home == NOBODY else What.POLICY: [tenant_id],
    }
    return [Touch(what, about) for what, ids in found.items() for about in ids]
