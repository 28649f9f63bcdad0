"""Letting a hub in: for a code that an owner has made, with the key that the hub has made for itself."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Deadline, Moment
from rex_auth_edge.domain.names import masked
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.cloud.answering import NONCE_BYTES
from rex_auth_edge.exchange.cloud.claims import code_hash
from rex_auth_edge.exchange.messages import LONGEST_NAME, Enrol, Enrolled, Look, Offer, whose
from rex_auth_edge.exchange.mirror import adopt, recapture, recapture_all
from rex_auth_edge.exchange.oversight.changing import changing
from rex_auth_edge.exchange.stores.cloud import SqlCloud, held_if_shared, share
from rex_auth_edge.exchange.stores.scribes import CloudScribe
from rex_auth_edge.flows.household.actor import still_may
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_claims, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Touch, Tx
from rex_auth_edge.sync.bodies import NEWEST, OLDEST
from rex_auth_edge.sync.cloud import keeping
from rex_auth_edge.sync.cloud.store import Member
from rex_auth_edge.sync.house import revoked
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.state import Cell
from rex_auth_edge.sync.wire import encode

_ID = 16
MOST_HUBS = 16
"""That a household has at a time, removed ones aside."""
BAD_CODE = Refused(
    Code.INVALID_CLAIM_CODE, "This claim code is unknown, used or over; an owner makes another one in the cloud"
)
_BAD_BODY = Refused(Code.BAD_REQUEST, "This is no request to be let in")
_OLD_HUB = Refused(Code.VERSION_NOT_SPOKEN, "The hub's program is too old for this cloud: update the hub")
_OLD_CLOUD = Refused(
    Code.VERSION_NOT_SPOKEN, "The cloud's program is too old for this hub: the cloud's operator has to update it"
)
_TOO_MANY = Refused(Code.TOO_MANY_HUBS, f"The household has {MOST_HUBS} hubs: remove one in the cloud first")
_REMOVED = Refused(Code.HUB_REMOVED, "An owner has removed this hub from the household: it can only join as another")


async def offered(parts: Parts, asked: Look) -> bytes | Refused:
    """Where an unused code leads, for whoever has it; that uses nothing up."""
    now = parts.clock.now()

    def query(conn: sa.Connection) -> bytes | Refused:
        claim = _claim(conn, parts, asked.code, now)
        if claim is None or claim.used_by is not None:
            return BAD_CODE
        owner, household = users.get(conn, claim.tenant_id, claim.made_by), tenants.get(conn, claim.tenant_id)
        known = _known_by(owner)
        address = (masked(owner.email), whose(asked.code, known)) if known else ()
        return encode(Offer(claim.tenant_id.bytes, household.name, owner.username, *address))

    return await parts.store.read(query)


def _known_by(owner: Any) -> str | None:
    """The address by which the owner is found on the hub: one that is proven, or none."""
    return owner.email_key if owner.email_proven else None


async def enrolled(parts: Parts, asked: Enrol, key: bytes) -> bytes | Refused:
    """The answer's bytes: what the hub has to know. The same hub may ask again with the same code and key."""
    if len(asked.hub) != _ID or len(asked.name) > LONGEST_NAME or not asked.name.isprintable():
        return _BAD_BODY
    if min(asked.newest, NEWEST) < max(asked.oldest, OLDEST):
        return _OLD_HUB if asked.newest < OLDEST else _OLD_CLOUD
    shared = await parts.store.write(lambda tx: _shared(tx, parts, asked))
    if isinstance(shared, Refused):
        return shared
    await recapture_all(parts, shared, lambda some: parts.store.write(lambda tx: _told(tx, parts, shared, some)))
    return await parts.store.write(lambda tx: _enrolled(tx, parts, asked, key))


def _told(tx: Tx, parts: Parts, tenant_id: UUID, some: Iterable[Touch]) -> bool:
    store = SqlCloud(tx, tenant_id)
    told = recapture(tx, parts, CloudScribe(store, tx.now.wall, parts.naming(tenant_id)), tenant_id, some)
    store.flush()
    adopt(tx, parts, tenant_id, store, tuple(store.dirty))
    return bool(told)


def _shared(tx: Tx, parts: Parts, asked: Enrol) -> UUID | Refused:
    """The household whose order begins at the latest here: nobody is let in by that."""
    claim = _asked_by(tx, parts, asked)
    if isinstance(claim, Refused):
        return claim
    tenants.hold(tx, claim.tenant_id)
    if not held_if_shared(tx, claim.tenant_id):
        share(tx, claim.tenant_id)
    return UUID(bytes=claim.tenant_id.bytes)


def _asked_by(tx: Tx, parts: Parts, asked: Enrol) -> Any | Refused:
    if asked.hub == tx.node.id.bytes:  # whoever goes by the cloud's own id would speak for the cloud
        return _BAD_BODY
    claim = _claim(tx.conn, parts, asked.code, tx.now)
    return BAD_CODE if claim is None or asked.household not in {b"", claim.tenant_id.bytes} else claim


def _enrolled(tx: Tx, parts: Parts, asked: Enrol, key: bytes) -> bytes | Refused:
    claim = _asked_by(tx, parts, asked)
    return claim if isinstance(claim, Refused) else _let_in(tx, parts, claim, asked, key)


def _claim(conn: sa.Connection, parts: Parts, code: str, now: Moment) -> Any | None:
    """The claim that the code stands for, as long as it is good and its owner still one; it may have been used."""
    hashed = code_hash(parts, code)
    for tenant_id in tenants.whereabouts(conn, hashed):
        claim = sync_claims.by_code(conn, tenant_id, hashed)
        if claim is not None and _good(claim, now) and still_may(conn, tenant_id, claim.made_by, Act.ADD_HUB):
            return claim
    return None


def _good(claim: Any, now: Moment) -> bool:
    return not Deadline(claim.expires_at, bytes(claim.expires_boot_id), claim.expires_boot).passed(now)


def _let_in(tx: Tx, parts: Parts, claim: Any, asked: Enrol, key: bytes) -> bytes | Refused:
    tenant_id, hub_id = claim.tenant_id, UUID(bytes=asked.hub)
    tenants.hold(tx, tenant_id)
    store = SqlCloud(tx, tenant_id)
    if (refused := _shut(store, claim, asked.hub, key)) is not None:
        return refused
    if not sync_claims.use(tx, tenant_id, claim.id, hub_id):
        return BAD_CODE
    member = keeping.enrol(store, asked.hub, key, tx.entropy.token_bytes(NONCE_BYTES), tx.now.wall)
    with changing(tx, parts, store) as scribe:
        scribe.write(Cell(Kind.HUB, asked.hub), scribe.pen().climb(actor=claim.made_by.bytes, name=asked.name))
    detail = {"hub": str(hub_id), "name": asked.name, "claim": str(claim.id), "incarnation": member.incarnation}
    record(tx, tenant_id, Event("hub.enrolled", actor_id=claim.made_by, detail=detail))
    return encode(_answer(store, claim, member))


def _shut(store: SqlCloud, claim: Any, hub: bytes, key: bytes) -> Refused | None:
    """Why the hub isn't let in, with a code that is good; used, it is so for the hub and the key that have used it."""
    if revoked(store, Kind.HUB, hub):
        return _REMOVED
    before = store.member(hub)
    if claim.used_by is not None and (before is None or before.keys != (key,)):
        return BAD_CODE
    full = before is None and sum(not member.removed for _, member in store.members()) >= MOST_HUBS
    return _TOO_MANY if full else None


def _answer(store: SqlCloud, claim: Any, member: Member) -> Enrolled:
    """What the hub has to know."""
    tx, tenant_id = store.tx, claim.tenant_id
    return Enrolled(
        household=tenant_id.bytes,
        name=tenants.get(tx.conn, tenant_id).name,
        cloud=tx.node.id.bytes,
        epoch=store.standing().at.epoch,
        incarnation=member.incarnation,
        nonce=member.nonce,
        digest_key=store.digest_key,
        owner=claim.made_by.bytes,
        owner_email_key=_known_by(users.get(tx.conn, tenant_id, claim.made_by)),
    )
