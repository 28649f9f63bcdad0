"""By what right somebody joins a household: its open door, an invitation, or the setup code that makes its owner."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import codes, names
from rex_auth_edge.domain.clock import Deadline, Moment
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Registration, Role
from rex_auth_edge.flows.household import founding, setup
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage import invitations, tenants, users
from rex_auth_edge.storage.tx import Tx

REGISTER, CLAIM, FOUND, DECOY = "register", "claim", "found", "decoy"
"""What a pending registration is for; a decoy is for an address that has an account, and no code fits it.

`claim` makes the first owner of a hub's household by its setup code, `found` a new household in the cloud.
"""
BY_MAIL = frozenset({REGISTER, FOUND})
"""Those whose code is mailed."""

UNKNOWN_TENANT = Refused(Code.UNKNOWN_TENANT, "There is no such household here", {"tenant": "unknown"})
BAD_INVITATION = Refused(
    Code.INVALID_INVITATION,
    "This invitation is unknown, used, revoked or expired; ask an owner for a new one",
    {"invite": "not good"},
)
_CLOSED = Refused(Code.REGISTRATION_CLOSED, "Registration is closed; ask an owner of the household")
_INVITE = Refused(Code.INVITE_REQUIRED, "An invitation is required; ask an owner of the household for one")
_UNCLAIMED = Refused(
    Code.INVITE_REQUIRED,
    "Nobody owns this household yet: register with its setup code, which the hub's console shows",
    {"setup_code": "required"},
)
_OTHERS_INVITATION = Refused(
    Code.INVALID_INVITATION, "This invitation is for another e-mail address", {"email": "not the one invited"}
)


@dataclass(frozen=True, slots=True)
class Admission:
    """The household, the role that is waiting there, and for what purpose the registration is begun."""

    house: Any
    role: Role
    purpose: str = REGISTER
    invitation_id: UUID | None = None


def code_hash(parts: Parts, code: str) -> bytes:
    """The keyed hash under which an invitation's code is kept and found."""
    return parts.pepper.digest("invitation", codes.as_meant(code))


def admit(
    conn: sa.Connection, parts: Parts, *, tenant: str | None, invite: str | None, setup_code: str | None, email: str
) -> Admission | Refused:
    """How this person would join, or why they can't."""
    tenant_id = tenants.find(conn, tenant) if tenant else parts.home
    if tenant_id is None:
        return UNKNOWN_TENANT
    if setup_code:
        wrong = parts.setup.wrong(tenant_id, setup_code)
        return wrong or Admission(tenants.get(conn, tenant_id), Role.OWNER, CLAIM)
    if invite:
        return _invited(conn, parts, invite, tenant_id if tenant else None, names.email_key(email))
    return _unasked(conn, parts, tenant_id)


def _unasked(conn: sa.Connection, parts: Parts, tenant_id: UUID) -> Admission | Refused:
    """By the household's own policy, or in the cloud, where no household was named, by that for new ones."""
    house = tenants.get(conn, tenant_id)
    match Registration(parts.options.registration if tenant_id == NOBODY else house.registration):
        case Registration.CLOSED:
            return _CLOSED
        case Registration.INVITE:
            return _INVITE if tenant_id == NOBODY or users.owners(conn, tenant_id) else _UNCLAIMED
        case Registration.OPEN if tenant_id == NOBODY:
            return Admission(founding.to_be(parts.entropy, parts.clock), Role.OWNER, FOUND)
        case Registration.OPEN:
            return Admission(house, Role.ADULT)


def _invited(conn: sa.Connection, parts: Parts, code: str, wanted: UUID | None, email_key: str) -> Admission | Refused:
    hashed, now = code_hash(parts, code), parts.clock.now()
    for tenant_id in tenants.whereabouts(conn, hashed):
        row = invitations.by_code(conn, tenant_id, hashed)
        if row is None or not pending(row, now) or wanted not in {None, tenant_id}:
            continue
        house = tenants.get(conn, tenant_id)
        if Registration(house.registration) is Registration.CLOSED:
            return _CLOSED
        if row.email_key not in {None, email_key}:
            return _OTHERS_INVITATION
        return Admission(house, Role(row.role), invitation_id=row.id)
    return BAD_INVITATION


def pending(row: Any, now: Moment) -> bool:
    """Whether an invitation can still be used."""
    over = Deadline(row.expires_at, bytes(row.expires_boot_id), row.expires_boot).passed(now)
    return row.used_at is None and row.revoked_at is None and not over


def status(row: Any, now: Moment) -> str:
    """Where an invitation stands: pending, used, revoked or expired."""
    if row.used_at is not None:
        return "used"
    if row.revoked_at is not None:
        return "revoked"
    return "pending" if pending(row, now) else "expired"


def take_place(tx: Tx, row: Any, user_id: UUID, username: str) -> Refused | None:
    """Use up the right by which a pending registration joins, or say why it is gone meanwhile."""
    if row.purpose == FOUND:
        founding.found(tx, row, username)
        return None
    house = tenants.hold(tx, row.tenant_id)
    if row.purpose == CLAIM:
        return setup.CLAIMED if users.owners(tx.conn, row.tenant_id) else None
    if Registration(house.registration) is Registration.CLOSED:
        return _CLOSED
    if row.invitation_id is not None:
        return _use_invitation(tx, row, user_id)
    return None if Registration(house.registration) is Registration.OPEN else _INVITE


def _use_invitation(tx: Tx, row: Any, user_id: UUID) -> Refused | None:
    invitation = invitations.get(tx.conn, row.tenant_id, row.invitation_id)
    if invitation is None or not invitations.use(tx, row.tenant_id, row.invitation_id, user_id):
        return BAD_INVITATION
    tenants.strike_from_directory(tx, bytes(invitation.code_hash), row.tenant_id)
    return None
