"""What devices ask for once they are in: tokens for themselves, an end to them, and whether others' are good."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.devices import INTROSPECT
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows.authenticate import EXPIRED, INVALID, UNSURE, Authenticator
from rex_auth_edge.flows.devices import issuing
from rex_auth_edge.flows.devices.adding import client_hash
from rex_auth_edge.flows.devices.issuing import Issued
from rex_auth_edge.flows.devices.proving import NOT_THE_DEVICE, Proofs
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.device_tokens import DeviceToken, Listed
from rex_auth_edge.keys.hashes import Bearer
from rex_auth_edge.keys.tokens import Claims, TokenExpiredError, TokenInvalidError
from rex_auth_edge.storage import device_grants, devices, sessions, tenants
from rex_auth_edge.storage.tx import Tx

_SEEN_EVERY = 10 * MINUTE
_BLOCK = 1024
"""Places by which a list grows: new ones are in the list before they are given out, and its size tells little."""
_SECRET = "device-secret"  # noqa: S105  a purpose's name
NOT_ALLOWED = Refused(Code.NOT_ALLOWED, f"The device lacks the scope {INTROSPECT}")
DEAD: dict[str, Any] = {"active": False}


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """How a client says who it is: with an assertion, or with its id and secret."""

    client_id: str | None
    secret: str | None = None
    assertion: str | None = None


async def authenticated(parts: Parts, proofs: Proofs, shown: Shown) -> Any | Refused:
    """The device's row. Unknown, removed and suspended ones, and wrong proofs, are told alike."""
    try:
        device_id = UUID(shown.client_id or "")
    except ValueError:
        return NOT_THE_DEVICE
    hashed = client_hash(parts, device_id)

    def query(conn: sa.Connection) -> Any:
        places = tenants.whereabouts(conn, hashed)
        return devices.get(conn, places[0], device_id) if places else None

    row = await parts.store.read(query)
    if row is None or row.state != "active":
        return NOT_THE_DEVICE
    if row.public_key is not None:
        key, now = json.loads(row.public_key), parts.clock.now()
        refused = await proofs.unless_asserted(shown.assertion or "", key, str(row.id), now)
        return refused or row
    bearer = parts.bearers.read(_SECRET, shown.secret or "")
    return row if _is_secret_of(parts, bearer, row) else NOT_THE_DEVICE


def _is_secret_of(parts: Parts, bearer: Bearer | None, row: Any) -> bool:
    if bearer is None or row.secret_hash is None:
        return False
    return bearer.row_id == row.id and parts.pepper.same(bearer.digest, bytes(row.secret_hash))


async def renew(
    parts: Parts, device: Any, refresh: str | None, scopes: tuple[str, ...] | None, caller: Caller
) -> Issued | Refused:
    """Tokens for a device that has proven who it is: by its refresh token, or without one."""

    def work(tx: Tx) -> Issued | Refused:
        row = devices.get(tx.conn, device.tenant_id, device.id)
        if row is None or row.state != "active":
            return NOT_THE_DEVICE
        if row.seen_at is None or tx.now.wall - row.seen_at >= _SEEN_EVERY or row.seen_from != caller.ip_address:
            devices.change(tx, row.tenant_id, row.id, seen_at=tx.now.wall, seen_from=caller.ip_address)
        if refresh is not None:
            return issuing.refreshed(tx, parts, row, refresh, scopes)
        return issuing.begin(tx, parts, row, scopes=scopes)

    return await parts.store.write(work)


async def revoke(parts: Parts, device: Any, token: str) -> None:
    """End the chain of one of the device's own tokens; of anything else, nothing (RFC 7009 section 2.2)."""
    bearer = parts.bearers.read(issuing.REFRESH, token)
    grant_id = bearer.row_id if bearer else None
    if grant_id is None:
        try:
            grant_id = parts.device_tokens.verify(token, parts.clock.now()).gid
        except (TokenInvalidError, TokenExpiredError):
            return

    def work(tx: Tx) -> None:
        row = device_grants.get(tx.conn, device.tenant_id, grant_id)
        if row is not None and row.device_id == device.id:
            device_grants.end(tx, parts.register, device.tenant_id, "revoked", grant_id=grant_id)

    await parts.store.write(work, urgent=True)


def holder(parts: Parts, token: str) -> DeviceToken | Refused:
    """What a device's token says, if it is good now: decided without the database, as people's are."""
    if parts.register.unsure(parts.clock.now()):
        return UNSURE
    try:
        said = parts.device_tokens.verify(token, parts.clock.now())
    except TokenExpiredError:
        return EXPIRED
    except TokenInvalidError:
        return INVALID
    return INVALID if parts.register.revoked(said.tenant_id, said.gid) else said


def introspect(parts: Parts, authenticator: Authenticator, device: Any, token: str) -> dict[str, Any] | Refused:
    """Whether a token of the asker's household is good now, and whose (RFC 7662)."""
    if INTROSPECT not in device.scopes.split():
        return NOT_ALLOWED
    person = authenticator.claims(token)
    if not isinstance(person, Refused):
        return _of_person(person) if person.tenant_id == device.tenant_id else DEAD
    if person is UNSURE:
        return UNSURE
    said = holder(parts, token)
    if isinstance(said, Refused) or said.tenant_id != device.tenant_id:
        return DEAD
    told = {"active": True, "iss": said.iss, "aud": said.aud, "sub": str(said.sub), "kind": said.kind}
    told |= {"client_id": str(said.client_id)} if said.client_id else {}
    bound = {"cnf": said.cnf, "token_type": "DPoP"} if said.cnf else {"token_type": "Bearer"}
    acting = {"act": said.act, "acr": said.acr} if said.act else {}
    return (
        told
        | bound
        | acting
        | {"scope": said.scope, "exp": said.exp, "iat": said.iat, "tenant_id": str(said.tenant_id)}
    )


def _of_person(claims: Claims) -> dict[str, Any]:
    return {
        "active": True, "sub": str(claims.user_id), "tenant_id": str(claims.tenant_id), "token_type": "Bearer",
        "scope": " ".join(claims.scopes), "roles": list(claims.roles), "exp": claims.expires_at,
        "iat": claims.issued_at, "sid": str(claims.session_id),
    }  # fmt: skip


async def ended_list(parts: Parts, tenant_id: UUID, life: int) -> str:
    """The household's signed list of ended tokens; of a household that isn't there, one that says nothing."""
    now = parts.clock.now()

    def query(conn: sa.Connection) -> tuple[int, int, list[int], list[UUID]]:
        state = device_grants.list_state(conn, tenant_id)
        people = sessions.ended_lately(conn, now, parts.options.lives.access, tenant_id)
        return (*state, device_grants.ended(conn, tenant_id), [each.id for each in people])

    size, version, ended, people = await parts.store.read(query)
    blocks = -(-(size + 1) // _BLOCK) * _BLOCK
    listed = Listed(tenant_id, blocks, tuple(ended), version, tuple(people))
    return parts.device_tokens.listed(listed, now, life)
