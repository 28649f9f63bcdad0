"""Inviting: a code that admits one person in one role, mailed or handed over, until it is used, revoked or expired."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import codes, durations, names
from rex_auth_edge.domain.clock import DAY, HOUR
from rex_auth_edge.domain.refusals import Code, Refused, missing
from rex_auth_edge.domain.roles import Act, Role
from rex_auth_edge.flows import credentials
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.household.admission import code_hash
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.mail.letters import Invitation
from rex_auth_edge.storage import invitations, outbox, tenants, users
from rex_auth_edge.storage.tx import Tx

LIFE = 7 * DAY
LONGEST = 30 * DAY
_CHARACTERS = 12
"""60 bits: more than anybody guesses at 30 a minute while the code lives."""
_LONGEST_NAME = 120

NO_INVITATION = Refused(Code.NOT_FOUND, "There is no such invitation")
_SPENT = Refused(Code.NOT_FOUND, "This invitation was used or revoked before")
_BAD_ROLE = Refused(Code.INVALID_FIELD, "role is one of " + ", ".join(Role), {"role": "not a role"})
_BAD_LIFE = Refused(
    Code.INVALID_FIELD,
    "expires_in is a length of time from 1h to 30d, such as 7d or 12h",
    {"expires_in": "not a length of time"},
)


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom an owner invites: `email` binds the invitation to that address, and has it mailed there."""

    role: str | None
    name: str | None = None
    email: str | None = None
    expires_in: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Invited:
    """A new invitation. Its code is told this once; only a keyed hash of it is kept."""

    id: UUID
    code: str
    link: str
    expires_at: int
    mailed: bool


async def create(parts: Parts, actor: Actor, guest: Guest) -> Invited | Refused:
    """Invite somebody: the code to hand over, mailed as well where an address is given."""
    if (refused := missing(role=guest.role)) is not None:
        return refused
    if guest.role not in set(Role):
        return _BAD_ROLE
    if len(guest.name or "") > _LONGEST_NAME:
        return Refused(Code.INVALID_FIELD, f"name is longer than {_LONGEST_NAME} characters", {"name": "too long"})
    email = credentials.address(guest.email) if guest.email else None
    if isinstance(email, Refused):
        return email
    life = durations.milliseconds(guest.expires_in) if guest.expires_in else LIFE
    if life is None or not HOUR <= life <= LONGEST:
        return _BAD_LIFE
    return await parts.store.write(lambda tx: _create(tx, parts, actor, guest, email, life))


def _create(tx: Tx, parts: Parts, actor: Actor, guest: Guest, email: str | None, life: int) -> Invited | Refused:
    if (refused := refusal(tx, actor, Act.INVITE)) is not None:
        return refused
    code, invitation_id, expires = codes.code(tx.entropy, _CHARACTERS), tx.new_id(), tx.now.after(life)
    invited = Invited(
        invitation_id, code, f"{parts.options.frontend}/join?invite={code}", expires.wall, email is not None
    )
    letter = _letter(tx, actor, guest, invited) if email else None
    hashed = code_hash(parts, code)
    values = {
        "tenant_id": actor.tenant_id,
        "id": invitation_id,
        "code_hash": hashed,
        "role": guest.role,
        "name": guest.name,
        "email": email,
        "email_key": names.email_key(email) if email else None,
        "invited_by": actor.user_id,
        "letter_id": parts.post.send(tx, actor.tenant_id, email, letter, life=life) if letter else None,
    }
    invitations.add(tx, values, expires)
    tenants.list_in_directory(tx, hashed, actor.tenant_id)
    note(tx, actor, Act.INVITE, detail={"invitation": str(invitation_id), "role": guest.role, "mailed": invited.mailed})
    return invited


def _letter(tx: Tx, actor: Actor, guest: Guest, invited: Invited) -> Invitation:
    house = tenants.get(tx.conn, actor.tenant_id)
    owner = users.get(tx.conn, actor.tenant_id, actor.user_id) if actor.user_id else None
    return Invitation(
        name=guest.name or (guest.email or "").split("@")[0],
        household=house.name,
        inviter=(owner.first_name or owner.username) if owner else "The owner",
        code=invited.code,
        link=invited.link,
        until=datetime.fromtimestamp(invited.expires_at / 1000, UTC).strftime("%d %B %Y, %H:%M UTC"),
    )


async def listed(parts: Parts, actor: Actor) -> list[Any] | Refused:
    """The household's invitations, the newest first, without their codes: nobody knows those any more."""

    def query(conn: sa.Connection) -> list[Any] | Refused:
        refused = forbidden(conn, parts.clock.now(), actor, Act.INVITES)
        return refused or invitations.every(conn, actor.tenant_id)

    return await parts.store.read(query)


async def revoke(parts: Parts, actor: Actor, invitation_id: UUID) -> Refused | None:
    """Make an invitation that nobody has used good for nobody; a letter with it that waits isn't sent."""

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.UNINVITE)) is not None:
            return refused
        row = invitations.get(tx.conn, actor.tenant_id, invitation_id)
        if row is None:
            return NO_INVITATION
        if not invitations.revoke(tx, actor.tenant_id, invitation_id):
            return _SPENT
        tenants.strike_from_directory(tx, bytes(row.code_hash), actor.tenant_id)
        letter = outbox.get(tx.conn, actor.tenant_id, row.letter_id) if row.letter_id else None
        if letter is not None:
            outbox.end(tx, letter, "withdrawn")
        note(tx, actor, Act.UNINVITE, detail={"invitation": str(invitation_id)})
        return None

    return await parts.store.write(work, urgent=True)
