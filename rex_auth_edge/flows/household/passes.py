"""Guests' passes: made by an owner, shown by whoever holds the secret, good offline, ended by revoking.

A pass is no account: no route of people takes its token, and its holder sees nothing here but the pass itself.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import MINUTE, SECOND, Deadline, Moment
from rex_auth_edge.domain.devices import scopes_at_home
from rex_auth_edge.domain.passes import TOKEN_LIFE, Span, span, until_begin
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.device_tokens import Pass
from rex_auth_edge.keys.hashes import digest_of
from rex_auth_edge.storage import device_grants, guest_passes, tenants
from rex_auth_edge.storage.columns import deadline_of
from rex_auth_edge.storage.tx import Tx

MOST = 100
"""Passes that a household can have at a time."""
_PURPOSE = "guest-pass"
_LONGEST_NAME = 80
_SEEN_EVERY = 10 * MINUTE

NO_PASS = Refused(Code.NOT_FOUND, "There is no such pass")
_SPENT = Refused(Code.NOT_FOUND, "This pass was revoked before, or is over")
_NO_GOOD = Refused(Code.INVALID_GRANT, "This pass is unknown, revoked or over; ask whoever gave it to you")
_BAD_NAME = Refused(
    Code.INVALID_FIELD, f"A guest's name has 1 to {_LONGEST_NAME} characters", {"name": "not a name"}
)  # fmt: skip
_NO_SCOPE = Refused(Code.MISSING_FIELD, "Say what the pass opens, such as door.open", {"scopes": "required"})
_TOO_MANY = Refused(Code.INVALID_FIELD, f"There are {MOST} passes already: revoke one first")


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom, what it opens (`scopes`), from when (now without `starts`) until when: see `domain.passes.span`."""

    name: str | None
    scopes: tuple[str, ...]
    starts: str | None
    ends: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A pass as its guest sees it. `token` is for doors; None while the pass begins more than a day from now.

    Times in milliseconds since 1970; `seconds` is how long the token is good from now on.
    """

    household: str
    name: str
    scopes: tuple[str, ...]
    begins_at: int
    ends_at: int
    token: str | None
    seconds: int


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """A new pass. Its secret, and the link with it, are told this once."""

    id: UUID
    secret: str
    link: str
    shown: Shown


async def create(parts: Parts, actor: Actor, wanted: Wanted) -> Made | Refused:
    """Make a pass for a guest."""
    checked = _checked(wanted)
    if isinstance(checked, Refused):
        return checked
    made = await parts.store.write(lambda tx: _create(tx, parts, actor, checked))
    if isinstance(made, Refused):
        return made
    pass_id, secret = made
    shown = await parts.store.read(lambda conn: _shown(conn, parts, actor.tenant_id, pass_id))
    return Made(pass_id, secret, f"{parts.options.frontend}/pass?secret={secret}", shown)


def _checked(wanted: Wanted) -> Wanted | Refused:
    name, scopes = (wanted.name or "").strip(), scopes_at_home(wanted.scopes)
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        return _BAD_NAME
    if isinstance(scopes, Refused):
        return scopes
    return replace(wanted, name=name, scopes=scopes) if scopes else _NO_SCOPE


def _create(tx: Tx, parts: Parts, actor: Actor, wanted: Wanted) -> tuple[UUID, str] | Refused:
    if (refused := refusal(tx, actor, Act.MAKE_PASS)) is not None:
        return refused
    when = span(tx.now, wanted.starts, wanted.ends)
    if isinstance(when, Refused):
        return when
    tenants.hold(tx, actor.tenant_id)
    if sum(_alive(row, tx.now) for row in guest_passes.every(tx.conn, actor.tenant_id)) >= MOST:
        return _TOO_MANY
    return _make(tx, parts, actor, wanted, when)


def _make(tx: Tx, parts: Parts, actor: Actor, wanted: Wanted, when: Span) -> tuple[UUID, str]:
    pass_id = tx.new_id()
    secret = parts.bearers.mint(_PURPOSE, actor.tenant_id, pass_id)
    values = {
        "tenant_id": actor.tenant_id, "id": pass_id, "name": wanted.name, "secret_hash": digest_of(secret),
        "made_by": actor.user_id,
    }  # fmt: skip
    guest_passes.add(tx, values, " ".join(wanted.scopes), tx.now.after(when.begins), tx.now.after(when.ends))
    note(tx, actor, Act.MAKE_PASS, detail={"pass": str(pass_id), "name": wanted.name, "scopes": list(wanted.scopes)})
    return pass_id, secret


def _alive(row: Any, now: Moment) -> bool:
    return row.ended_at is None and not _ends(row).passed(now)


def _ends(row: Any) -> Deadline:
    return Deadline(row.ends_at, bytes(row.ends_boot_id), row.ends_boot)


def _until_begin(row: Any, now: Moment) -> int:
    begins = deadline_of(row, "begins")
    return 0 if begins is None else until_begin(begins, now)


def status(row: Any, now: Moment) -> str:
    """Where a pass stands: coming, open, over or revoked."""
    if row.ended_at is not None:
        return "revoked"
    if _ends(row).passed(now):
        return "over"
    return "coming" if _until_begin(row, now) > 0 else "open"


async def listed(parts: Parts, actor: Actor) -> list[Any] | Refused:
    """The household's passes, the newest first, those that ended lately too; their secrets are nowhere any more."""

    def query(conn: sa.Connection) -> list[Any] | Refused:
        refused = forbidden(conn, parts.clock.now(), actor, Act.PASSES)
        return refused or guest_passes.every(conn, actor.tenant_id)

    return await parts.store.read(query)


async def revoke(parts: Parts, actor: Actor, pass_id: UUID) -> Refused | None:
    """End a pass: the hub refuses it from now on, devices do with their next list of ended tokens."""

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.END_PASS)) is not None:
            return refused
        tenants.hold(tx, actor.tenant_id)
        row = guest_passes.get(tx.conn, actor.tenant_id, pass_id)
        if row is None or not _alive(row, tx.now):
            return _SPENT if row else NO_PASS
        device_grants.end(tx, parts.register, actor.tenant_id, "revoked", grant_id=pass_id)
        note(tx, actor, Act.END_PASS, detail={"pass": str(pass_id)})
        return None

    return await parts.store.write(work, urgent=True)


async def show(parts: Parts, secret: str | None, caller: Caller) -> Shown | Refused:
    """The pass of this secret, with a fresh token; unknown, revoked and past ones are told alike."""
    bearer = parts.bearers.read(_PURPOSE, secret or "")
    if bearer is None:
        return _NO_GOOD
    row = await parts.store.read(lambda conn: guest_passes.get(conn, bearer.tenant_id, bearer.row_id))
    now = parts.clock.now()
    if row is None or not parts.pepper.same(bytes(row.secret_hash), bearer.digest) or not _alive(row, now):
        return _NO_GOOD
    if row.seen_at is None or now.wall - row.seen_at >= _SEEN_EVERY or row.seen_from != caller.ip_address:
        await parts.store.write(lambda tx: guest_passes.seen(tx, row.tenant_id, row.id, caller.ip_address))
    return await parts.store.read(lambda conn: _shown(conn, parts, row.tenant_id, row.id))


def _shown(conn: sa.Connection, parts: Parts, tenant_id: UUID, pass_id: UUID) -> Shown:
    row, now = guest_passes.get(conn, tenant_id, pass_id), parts.clock.now()
    if row is None:
        raise LookupError(pass_id)
    begins = -(-max(0, _until_begin(row, now)) // SECOND)
    ends = min(_ends(row).remaining(now), TOKEN_LIFE) // SECOND
    scopes = tuple(row.scopes.split())
    mine = Pass(tenant_id, pass_id, row.list_index, scopes)
    token = parts.device_tokens.mint_pass(mine, now, begins, ends) if begins < ends and _alive(row, now) else None
    house = tenants.get(conn, tenant_id).name
    return Shown(house, row.name, scopes, row.begins_at, row.ends_at, token, ends if token else 0)
