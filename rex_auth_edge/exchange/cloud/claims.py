"""Claim codes: an owner makes one in the cloud, and types it at the hub that is to be let in. 15 minutes, once."""

from dataclasses import dataclass
from uuid import UUID

from rex_auth_edge.domain import codes
from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act, Role
from rex_auth_edge.flows.household.actor import Actor, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_claims, tenants, users
from rex_auth_edge.storage.tx import Tx

LIFE = 15 * MINUTE
MOST_OPEN = 10
"""Codes of a household's that nobody has used, at a time: a further one takes the oldest one's place."""
_CHARACTERS = 26
"""130 bits."""

_WHOSE = Refused(Code.MISSING_FIELD, "Say which owner lets the hub in", {"as": "required"})
_NO_OWNER = Refused(Code.NOT_FOUND, "There is no owner of that name", {"as": "unknown"})


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """A new code, told this once; only a keyed hash of it is kept. `expires_at` in milliseconds since 1970."""

    code: str
    expires_at: int


def code_hash(parts: Parts, code: str) -> bytes:
    """The keyed hash under which a code is kept and found."""
    return parts.pepper.digest("claim", codes.as_meant(code))


async def make(parts: Parts, actor: Actor, owner_id: UUID | None = None) -> Claim | Refused:
    """A code by which a hub joins the household. The console names the owner whose hub it is."""
    whose = actor.user_id or owner_id
    if whose is None:
        return _WHOSE
    return await parts.store.write(lambda tx: _make(tx, parts, actor, whose))


def _make(tx: Tx, parts: Parts, actor: Actor, owner_id: UUID) -> Claim | Refused:
    if (refused := refusal(tx, actor, Act.ADD_HUB)) is not None:
        return refused
    owner = users.get(tx.conn, actor.tenant_id, owner_id)
    if owner is None or owner.disabled or owner.role != Role.OWNER:
        return _NO_OWNER
    for former in sync_claims.keep_newest(tx, actor.tenant_id, MOST_OPEN - 1):
        tenants.strike_from_directory(tx, former, actor.tenant_id)
    claim = Claim(codes.code(tx.entropy, _CHARACTERS), tx.now.wall + LIFE)
    hashed = code_hash(parts, claim.code)
    claim_id = sync_claims.add(tx, actor.tenant_id, hashed, owner_id, tx.now.after(LIFE))
    tenants.list_in_directory(tx, hashed, actor.tenant_id)
    note(tx, actor, Act.ADD_HUB, detail={"claim": str(claim_id)})
    return claim


async def forget(parts: Parts) -> None:
    """Delete codes whose time is over."""

    def work(tx: Tx) -> None:
        for tenant_id, hashed in sync_claims.forget(tx, LIFE):
            tenants.strike_from_directory(tx, hashed, tenant_id)

    await parts.store.write(work, urgent=True)
