"""Acting for people: a device that has recognised somebody gets a token that names both of them.

Recognising identifies and proves nothing. So what such a token allows is never more than the device may by itself, nor
more than the person's role does, and it says how sure it is (`acr`).
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.client import levels
from rex_auth_edge.domain import names
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import MINUTE, Moment
from rex_auth_edge.domain.devices import ACT, apart_from_the_hubs
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Role
from rex_auth_edge.flows.devices import issuing
from rex_auth_edge.flows.devices.issuing import Issued
from rex_auth_edge.flows.devices.proving import NOT_THE_DEVICE
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import attempts, confirmations, device_grants, devices, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.columns import deadline_values
from rex_auth_edge.storage.tx import Tx

LIFE = 15 * MINUTE
"""How long a token for a person lives: after that the device has to have recognised them again."""
EVENT = "device.act"
MAY_NOT = Refused(Code.UNAUTHORIZED_CLIENT, f"A device acts for people with the scope {ACT} and a key of its own")
NOT_FOR_THEM = Refused(
    Code.CANNOT_ACT, "The device can't act for this person: unknown here, disabled, banned, or not wanting it"
)
NOTHING = Refused(Code.INVALID_SCOPE, "Nothing of this is in the device's scopes and allowed to this person's role")
_GROWN = frozenset({Role.OWNER, Role.ADULT})


@dataclass(frozen=True, slots=True)
class Pair:
    """A device, a person whom it may act for, and what for."""

    device: Any
    user: Any
    scopes: tuple[str, ...]


async def exchange(
    parts: Parts, device: Any, who: str, wanted: tuple[str, ...] | None, caller: Caller
) -> Issued | Refused:
    """A token for the person whom the device has recognised, by username or id (RFC 8693)."""

    def work(tx: Tx) -> Issued | Refused:
        pair = paired(tx.conn, tx.now, parts, device, who, wanted)
        _note(tx, device, pair, caller)
        return pair if isinstance(pair, Refused) else granted(tx, pair, "acting", levels.VOICE, LIFE)

    return await parts.store.write(work)


def paired(
    conn: sa.Connection, now: Moment, parts: Parts, device: Any, who: str, wanted: tuple[str, ...] | None
) -> Pair | Refused:
    """Who acts for whom, both as they are now; whoever can't be acted for is told alike."""
    present = devices.get(conn, device.tenant_id, device.id)
    if present is None or present.state != "active":
        return NOT_THE_DEVICE
    if ACT not in present.scopes.split() or present.thumbprint is None:
        return MAY_NOT
    user = _found(conn, present.tenant_id, who)
    if user is None or not _may_be_acted_for(conn, now, parts, user):
        return NOT_FOR_THEM
    scopes = allowed(user, present.scopes.split(), wanted)
    return Pair(present, user, scopes) if scopes else NOTHING


def _found(conn: sa.Connection, tenant_id: UUID, who: str) -> Any:
    """By id or username; what looks like an id is never taken for a name."""
    try:
        return users.get(conn, tenant_id, UUID(who))
    except ValueError:
        return users.by_username(conn, tenant_id, names.username_key(who))


def _may_be_acted_for(conn: sa.Connection, now: Moment, parts: Parts, user: Any) -> bool:
    """Whether they could sign in themselves at all devices of theirs, and neither they nor the household have said no.

    A ban that strangers have brought is none of it: else four wrong passwords would make the household's voice deaf.
    """
    if user.disabled or not user.email_verified or not user.voice or not tenants.get(conn, user.tenant_id).voice:
        return False
    return not attempts.any_ban(conn, user.tenant_id, parts.account(user.tenant_id, user.id), now, strangers=False)


def allowed(user: Any, scopes: list[str], wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """What of the device's scopes is wanted and this person's role allows; the hub's own are nobody else's."""
    if Role(user.role) not in _GROWN:
        return ()
    return tuple(scope for scope in apart_from_the_hubs(scopes) if wanted is None or scope in wanted)


def granted(tx: Tx, pair: Pair, kind: str, acr: str, life: int) -> Issued:
    """Of the one chain of this kind that the two have: their live one, or a new one."""
    device, user = pair.device, pair.user
    row = device_grants.acting(tx.conn, device.tenant_id, device.id, user.id, kind)
    grant_id, index = (row.id, row.list_index) if row is not None else _begun(tx, pair, kind)
    chain = issuing.chain_of(device, grant_id, index, pair.scopes)
    return Issued(replace(chain, person=user.id, acr=acr), None, life=life)


def _begun(tx: Tx, pair: Pair, kind: str) -> tuple[UUID, int]:
    grant_id, device = tx.new_id(), pair.device
    values = {
        "tenant_id": device.tenant_id, "id": grant_id, "device_id": device.id, "user_id": pair.user.id, "kind": kind,
        "scopes": device.scopes, "thumbprint": device.thumbprint,
    } | deadline_values("refresh", None) | deadline_values("ends", None)  # fmt: skip
    return grant_id, device_grants.begin(tx, values)


def stop_for(tx: Tx, parts: Parts, tenant_id: UUID, user_id: UUID) -> None:
    """End whatever devices hold for a person, or wait for."""
    device_grants.end(tx, parts.register, tenant_id, "voice", user_id=user_id)
    confirmations.withdraw(tx, tenant_id, user_id=user_id)


def silence(tx: Tx, parts: Parts, tenant_id: UUID) -> None:
    """The same for everybody in the household."""
    for user in users.every(tx.conn, tenant_id):
        stop_for(tx, parts, tenant_id, user.id)


def _note(tx: Tx, device: Any, pair: Pair | Refused, caller: Caller) -> None:
    """On record: which device, for whom and what. A name that nobody has isn't written down."""
    if isinstance(pair, Refused):
        event = Event(EVENT, pair.code, actor_id=device.id, caller=caller)
    else:
        event = Event(EVENT, actor_id=device.id, subject_id=pair.user.id, caller=caller, detail={"scopes": pair.scopes})
    record(tx, device.tenant_id, event)
