"""When mail can't go out: an owner hands a waiting code over, or starts the reset of somebody's password."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import DAY, Deadline
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act, Role
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.household.actor import NO_MEMBER, Actor, forbidden, note, on_record, refusal
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.mail.letters import ResetStarted, Verification
from rex_auth_edge.storage import outbox, registrations, resets, tenants, users
from rex_auth_edge.storage.tx import Tx

NOT_WAITING = Refused(Code.NOT_FOUND, "Nobody waits for this code")
_SENT = Refused(Code.CODE_ALREADY_SENT, "The letter with this code has left meanwhile: it is in their mailbox")
_OTHER_OWNER = Refused(
    Code.NOT_ALLOWED, "An owner's password is reset by nobody else; they use the link that is mailed"
)


@dataclass(frozen=True, slots=True, repr=False)
class Handed:
    """A code to be told to the person who waits for it."""

    email: str
    code: str


@dataclass(frozen=True, slots=True, repr=False)
class Started:
    """A link (and the token in it) to be handed to the person whose password is to be a new one."""

    link: str
    token: str
    expires_at: int


async def waiting(parts: Parts, actor: Actor) -> list[Any] | Refused:
    """Who waits for the code of a registration whose letter hasn't left."""

    def query(conn: sa.Connection) -> list[Any] | Refused:
        now = parts.clock.now()
        if (refused := forbidden(conn, now, actor, Act.CODES)) is not None:
            return refused
        rows = registrations.waiting(conn, actor.tenant_id)
        return [
            row
            for row in rows
            if not Deadline(row.expires_at, bytes(row.expires_boot_id), row.expires_boot).passed(now)
        ]

    return await parts.store.read(query)


async def hand_over(parts: Parts, actor: Actor, pending_id: UUID) -> Handed | Refused:
    """The code, to be told to its person; its letter is then not sent, and the address not proven by it."""

    def work(tx: Tx) -> Handed | Refused:
        if (refused := refusal(tx, actor, Act.HAND_OVER)) is not None:
            return refused
        row = registrations.get(tx.conn, actor.tenant_id, pending_id)
        if row is None or row.used_at is not None or row.letter_id is None or row.purpose != "register":
            return NOT_WAITING
        letter = outbox.get(tx.conn, actor.tenant_id, row.letter_id)
        if letter is None or letter.state != "waiting":
            return _SENT
        content = parts.post.opened(letter)
        if not isinstance(content, Verification) or not outbox.end(tx, letter, "withdrawn"):
            return _SENT
        registrations.hand_over(tx, row)
        note(tx, actor, Act.HAND_OVER, detail={"pending": str(row.id)})
        return Handed(row.email, content.code)

    return await parts.store.write(work)


async def start_reset(parts: Parts, actor: Actor, user_id: UUID) -> Started | Refused:
    """End a member's sessions, and make a link with which they choose a new password: never for another owner.

    It is a link to be handed over, good once for as long as a mailed one; the person is told by mail.
    """

    def work(tx: Tx) -> Started | Refused:
        if (refused := refusal(tx, actor, Act.RESET, user_id)) is not None:
            return refused
        user = users.get(tx.conn, actor.tenant_id, user_id, hold=True)
        if user is None or user.disabled:
            return on_record(tx, actor, Act.RESET, user_id, NO_MEMBER)
        if Role(user.role) is Role.OWNER and actor.principal is not None:
            return on_record(tx, actor, Act.RESET, user_id, _OTHER_OWNER)
        return _start(tx, parts, actor, user)

    return await parts.store.write(work)


def _start(tx: Tx, parts: Parts, actor: Actor, user: Any) -> Started:
    token_id, expires = tx.new_id(), tx.now.after(parts.options.lives.reset)
    token = parts.bearers.mint("reset", user.tenant_id, token_id)
    bearer = parts.bearers.read("reset", token)
    resets.void_all(tx, user.tenant_id, user.id)
    digest, started_by = bearer.digest if bearer else b"", actor.user_id or NOBODY
    resets.add(tx, user.tenant_id, token_id, user.id, digest, expires, started_by=started_by)
    ended = lives.end_all(tx, parts, user.tenant_id, user.id, "reset")
    if user.email:
        house = tenants.get(tx.conn, user.tenant_id).name
        letter = ResetStarted(name=user.first_name or user.username, household=house)
        parts.post.send(tx, user.tenant_id, user.email, letter, life=7 * DAY)
    note(tx, actor, Act.RESET, user.id, detail={"ended": ended})
    return Started(f"{parts.options.frontend}/reset-password?token={token}", token, expires.wall)
