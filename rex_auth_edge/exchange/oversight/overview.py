"""How a household's synchronisation stands here, read from the database, and in words."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec
import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange import enrolment
from rex_auth_edge.exchange.oversight import notices, reviews, words
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.exchange.stores.cloud import hubs_of
from rex_auth_edge.exchange.stores.entries import backlog
from rex_auth_edge.exchange.stores.hub import me_of
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.flows.household.actor import Actor, forbidden
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage import sync_enrolments
from rex_auth_edge.sync.cloud.greeting import spoken


@dataclass(frozen=True, slots=True)
class Overview:
    """The facts, one line, and the sentences that it needs beside it."""

    status: Status
    headline: str
    sentences: list[str]


class Knowing(Protocol):
    """A hub's synchronisation, which knows of the moment what its tables are told now and then."""

    async def status(self, tenant_id: UUID) -> Status:
        """How it stands."""
        ...


async def overview(parts: Parts, actor: Actor, sync: Knowing | None = None) -> Overview | Refused:
    """How it stands with the actor's household."""
    now = parts.clock.now()
    refused = await parts.store.read(lambda conn: forbidden(conn, now, actor, Act.SYNC))
    if refused is not None:
        return refused
    if sync is None:
        status = await parts.store.read(lambda conn: status_of(conn, parts, actor.tenant_id))
    else:
        status = await sync.status(actor.tenant_id)
    return Overview(status, words.headline(status, now.wall), words.sentences(status, now.wall))


def status_of(conn: sa.Connection, parts: Parts, tenant_id: UUID) -> Status:
    """The facts, on a hub or in the cloud."""
    house = Shown(conn, tenant_id)
    held, told = len(reviews.waiting(house)), len(notices.for_owners(house, house.node))
    status = _in_cloud(conn, tenant_id) if parts.home == NOBODY else _on_hub(conn, parts, tenant_id)
    return msgspec.structs.replace(status, reviews=held, conflicts=told)


def _in_cloud(conn: sa.Connection, tenant_id: UUID) -> Status:
    there = [member for _, member in hubs_of(conn, tenant_id) if not member.removed]
    speaking = {spoken(member) for member in there}
    return Status(
        enrolled=bool(there),
        hubs=len(there),
        reached_at=max((member.contact for member in there), default=None),
        silent_since=min((member.contact for member in there), default=None),
        locked=any(member.locked for member in there),
        outdated="outdated" in speaking,
        ahead="ahead" in speaking,
    )


def _on_hub(conn: sa.Connection, parts: Parts, tenant_id: UUID) -> Status:
    row = sync_enrolments.get(conn, tenant_id)
    me = me_of(conn, tenant_id)
    if row is None or me is None:
        return Status(enrolled=False)
    known = enrolment.readable(parts.seal, tenant_id, bytes(row.enrolment))
    return Status(
        enrolled=True,
        cloud=known.url if known else "",
        waiting=backlog(conn, tenant_id),
        reached_at=row.reached_at,
        agreed_at=row.agreed_at,
        trouble=row.trouble,
        paused=bool(row.paused),
        paused_at=known.paused_at if known and row.paused else None,
        locked=me.locked,
        removed=me.removed,
        restored=me.restored,
        reading=me.cursors != me.whole,
        repairs=row.repairs,
    )
