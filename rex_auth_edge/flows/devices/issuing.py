"""Giving devices tokens: chains of them, each with a place in the household's list, ended in one stroke."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rex_auth_edge.client import jose
from rex_auth_edge.domain.clock import DAY, SECOND, Deadline
from rex_auth_edge.domain.devices import Kind, lives_of
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.device_tokens import Chain
from rex_auth_edge.keys.hashes import digest_of
from rex_auth_edge.storage import confirmations, device_grants
from rex_auth_edge.storage.columns import deadline_of, deadline_values
from rex_auth_edge.storage.tx import Tx

REFRESH = "device-refresh"
REFRESH_LIFE = 90 * DAY
NOT_GRANTED = Refused(Code.INVALID_GRANT, "This was used before, has expired, or isn't for this device")


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """What a transaction has granted; `answer` makes tokens of it once it is committed.

    `life` of the access token is in milliseconds, that of the device's kind without it.
    """

    chain: Chain
    refresh_token: str | None
    client_secret: str | None = None
    life: int | None = None


def begin(tx: Tx, parts: Parts, device: Any, *, scopes: tuple[str, ...] | None = None) -> Issued:
    """The device's own chain, its live one or a new one; with a new refresh token, if it can't sign."""
    row = device_grants.live(tx.conn, device.tenant_id, device.id)
    if row is None:
        grant_id, index = tx.new_id(), -1
        signs = device.thumbprint is not None
        refresh = None if signs else parts.bearers.mint(REFRESH, device.tenant_id, grant_id)
        values = {
            "tenant_id": device.tenant_id, "id": grant_id, "device_id": device.id, "user_id": None, "kind": "device",
            "scopes": device.scopes, "refresh_hash": digest_of(refresh) if refresh else None,
            "thumbprint": device.thumbprint,
        } | deadline_values("refresh", tx.now.after(REFRESH_LIFE)) | deadline_values("ends", None)  # fmt: skip
        index = device_grants.begin(tx, values)
        return Issued(chain_of(device, grant_id, index, scopes), refresh)
    return Issued(chain_of(device, row.id, row.list_index, scopes), None)


def refreshed(tx: Tx, parts: Parts, device: Any, token: str, scopes: tuple[str, ...] | None) -> Issued | Refused:
    """The chain's next refresh token, once; a spent one ends the chain (RFC 9700 section 4.14)."""
    bearer = parts.bearers.read(REFRESH, token)
    row = device_grants.get(tx.conn, device.tenant_id, bearer.row_id) if bearer else None
    if bearer is None or row is None or bearer.tenant_id != device.tenant_id or row.device_id != device.id:
        return NOT_GRANTED
    due = deadline_of(row, "refresh")
    if row.ended_at is not None or due is None or due.passed(tx.now):
        return NOT_GRANTED
    if row.refresh_hash is None or not parts.pepper.same(bytes(row.refresh_hash), bearer.digest):
        device_grants.end(tx, parts.register, device.tenant_id, "reuse", grant_id=row.id)
        return NOT_GRANTED
    following = parts.bearers.mint(REFRESH, device.tenant_id, row.id, row.generation + 1)
    values = {"refresh_hash": digest_of(following)} | deadline_values("refresh", tx.now.after(REFRESH_LIFE))
    if not device_grants.rotate(tx, device.tenant_id, row.id, row.generation, values):
        return NOT_GRANTED
    return Issued(chain_of(device, row.id, row.list_index, scopes), following)


def answer(parts: Parts, issued: Issued) -> dict[str, Any]:
    """The token answer (RFC 6749 section 5.1) of a committed grant."""
    chain = issued.chain
    life = (issued.life or lives_of(Kind(chain.kind)).access) // SECOND
    said: dict[str, Any] = {
        "access_token": parts.device_tokens.mint(chain, parts.clock.now(), life),
        "token_type": "DPoP" if chain.thumbprint else "Bearer",
        "expires_in": life,
        "scope": " ".join(chain.scopes),
        "client_id": str(chain.device_id),
    }
    optional = {"refresh_token": issued.refresh_token, "client_secret": issued.client_secret}
    return said | {name: value for name, value in optional.items() if value}


def end_all(tx: Tx, parts: Parts, tenant_id: UUID, device_id: UUID, reason: str) -> None:
    """End whatever a device holds, or waits for."""
    device_grants.end(tx, parts.register, tenant_id, reason, device_id=device_id)
    confirmations.withdraw(tx, tenant_id, device_id=device_id)


def chain_of(device: Any, grant_id: UUID, index: int, scopes: tuple[str, ...] | None) -> Chain:
    """What the device's own tokens of a chain say; `scopes` narrows them."""
    mine = tuple(device.scopes.split())
    thumbprint = jose.text(bytes(device.thumbprint)) if device.thumbprint else None
    wanted = mine if scopes is None else tuple(scope for scope in mine if scope in scopes)
    return Chain(device.tenant_id, grant_id, device.id, index, device.kind, wanted, thumbprint)


def passed(due: Deadline | None, tx: Tx) -> bool:
    """Whether a deadline has come; no deadline never does."""
    return due is not None and due.passed(tx.now)
