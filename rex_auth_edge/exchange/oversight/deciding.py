"""What owners decide on what was held back, and what people are told: each act is one transaction, and on record."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.oversight import notices, reviews, telling
from rex_auth_edge.exchange.oversight.changing import change_cells
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.kinds import Kind, subject_of


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits for an owner: what it would do, why it waits, and who had made it, where that is known.

    `at` is when it was held, in milliseconds since 1970 by the cloud's clock, where that is known.
    """

    id: UUID
    what: str
    why: str
    code: str
    by: str | None
    at: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody is told; `code` is for programs, `about` a person's or a thing's id; `at` as in Held."""

    id: UUID
    about: UUID
    code: str
    says: str
    at: int | None


@dataclass(frozen=True, slots=True)
class Matters:
    """What owners have to look at."""

    held: list[Held]
    told: list[Told]


async def matters(parts: Parts, actor: Actor) -> Matters | Refused:
    """What waits for an owner, and what was decided against somebody, each in order."""

    def query(conn: sa.Connection) -> Matters | Refused:
        if (refused := forbidden(conn, parts.clock.now(), actor, Act.SYNC)) is not None:
            return refused
        house = Shown(conn, actor.tenant_id)
        return Matters([_held(each, house) for each in reviews.waiting(house)], told_owners(house, house.node))

    return await parts.store.read(query)


def told_owners(house: House, here: bytes) -> list[Told]:
    """What owners are told, in order; `here` as in `notices.for_owners`."""
    return [_told(each, telling.to_owner(each, house)) for each in notices.for_owners(house, here)]


def _held(review: reviews.Review, house: House) -> Held:
    by = telling.called(house, review.actor) if review.actor else None
    return Held(UUID(bytes=review.id), telling.what(review, house), telling.why(review), review.why, by, review.at)


def _told(notice: notices.Notice, says: str) -> Told:
    return Told(UUID(bytes=notice.id), UUID(bytes=notice.about), notice.code, says, notice.at)


async def confirm(parts: Parts, actor: Actor, review_id: UUID) -> Refused | None:
    """Do what was held back, by one's own right."""

    def act(scribe: Scribe) -> Refused | None:
        done = reviews.confirm(scribe, review_id.bytes, _who(actor))
        return done if isinstance(done, Refused) else None

    return await _decide(parts, actor, Act.REVIEW, (review_id, "confirmed"), act)


async def dismiss(parts: Parts, actor: Actor, review_id: UUID) -> Refused | None:
    """Let it be, for good."""

    def act(scribe: Scribe) -> Refused | None:
        return reviews.dismiss(scribe, review_id.bytes, _who(actor))

    return await _decide(parts, actor, Act.REVIEW, (review_id, "dismissed"), act)


async def clear(parts: Parts, actor: Actor, notice_id: UUID) -> Refused | None:
    """Tell nobody any more."""

    def act(scribe: Scribe) -> Refused | None:
        return notices.clear(scribe, notice_id.bytes, _who(actor))

    return await _decide(parts, actor, Act.SYNC, (notice_id, "cleared"), act)


async def _decide(
    parts: Parts, actor: Actor, right: Act, done_to: tuple[UUID, str], act: Callable[[Scribe], Refused | None]
) -> Refused | None:
    named, how = done_to

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, right)) is not None:
            return refused
        house = Shown(tx.conn, actor.tenant_id)
        review = reviews.review_of(house, named.bytes)
        about = review.cell.id if review is not None and subject_of(review.cell.kind) == Kind.USER else None
        detail = {"id": str(named), how: telling.what(review, house) if review is not None else "notice"}
        done = change_cells(tx, parts, actor.tenant_id, act)
        if done is None:
            note(tx, actor, right, UUID(bytes=about) if about else None, detail=detail)
        return done

    return await parts.store.write(work)


def _who(actor: Actor) -> bytes | None:
    return actor.user_id.bytes if actor.user_id else None


async def own(parts: Parts, principal: Principal) -> list[Told]:
    """What concerns the caller."""

    def query(conn: sa.Connection) -> list[Told]:
        house = Shown(conn, principal.tenant_id)
        found = notices.for_person(house, principal.user_id.bytes, house.node)
        return [_told(each, telling.to_person(each, house)) for each in found]

    return await parts.store.read(query)


async def read(parts: Parts, principal: Principal, notice_id: UUID) -> Refused | None:
    """The caller has seen it."""

    def work(tx: Tx) -> Refused | None:
        return change_cells(
            tx,
            parts,
            principal.tenant_id,
            lambda scribe: notices.read(scribe, notice_id.bytes, principal.user_id.bytes),
        )

    return await parts.store.write(work)
