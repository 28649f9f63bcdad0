"""Refreshing: a token has exactly one successor, ever; any other use of a spent one ends the session (RFC 9700)."""

from dataclasses import dataclass
from typing import Any

from rex_auth_edge.domain.caller import UNKNOWN_DEVICE, Caller
from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.hashes import Bearer, digest_of
from rex_auth_edge.keys.seal import open_under, seal_under
from rex_auth_edge.storage import sessions
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.columns import deadline_of
from rex_auth_edge.storage.store import FULL
from rex_auth_edge.storage.tx import Tx

INVALID = Refused(
    Code.INVALID_TOKEN, "Invalid or expired refresh token, which is good only where it was issued; sign in again"
)


@dataclass(frozen=True, slots=True, repr=False)
class Presented:
    """A refresh token as it was shown; `bearer` is None where this node hasn't issued it."""

    token: str
    bearer: Bearer | None

    @property
    def key(self) -> str:
        """What refreshes are limited by: the session, or for a token that isn't ours the token itself."""
        return str(self.bearer.row_id) if self.bearer else self.token


def first(parts: Parts, *candidates: str | None) -> Presented:
    """The first of the candidates that this node has issued as a refresh token, else the first that is there at all."""
    there = [text for text in candidates if text] or [""]
    read = (Presented(text, parts.bearers.read("refresh", text)) for text in there)
    return next((presented for presented in read if presented.bearer), Presented(there[0], None))


async def refresh(parts: Parts, presented: Presented, caller: Caller) -> lives.SignedIn | Refused:
    """The session's next tokens. A retry within 10 s by the same client gets the same refresh token again."""
    token, bearer = presented.token, presented.bearer
    if bearer is None:
        return INVALID
    result = await parts.store.write(lambda tx: _decide(tx, parts, token, bearer, caller), urgent=True)
    return result if isinstance(result, Refused) else lives.grant(parts, result)


def _decide(tx: Tx, parts: Parts, token: str, bearer: Bearer, caller: Caller) -> lives.Granted | Refused:
    row = sessions.to_refresh(tx.conn, bearer.tenant_id, bearer.row_id)
    if row is None or row.disabled or row.revoked_at is not None or _ends(row).passed(tx.now):
        return INVALID
    if parts.pepper.same(row.refresh_hash, bearer.digest):
        return INVALID if _refresh_over(row, tx) else _rotate(tx, parts, row, token, bearer, caller)
    if (successor := _retried(tx, parts, row, token, bearer, caller)) is not None:
        return _granted(row, bearer, successor)
    return _end_family(tx, parts, row, bearer, caller)


def _granted(row: Any, bearer: Bearer, successor: str) -> lives.Granted:
    holder = lives.Holder(bearer.tenant_id, row.user_id, row.role, email_verified=row.email_verified)
    return lives.Granted(holder, bearer.row_id, successor, _ends(row))


def _ends(row: Any) -> Deadline:
    return Deadline(row.ends_at, row.ends_boot_id, row.ends_boot)


def _refresh_over(row: Any, tx: Tx) -> bool:
    return Deadline(row.refresh_at, row.refresh_boot_id, row.refresh_boot).passed(tx.now)


def _rotate(tx: Tx, parts: Parts, row: Any, token: str, bearer: Bearer, caller: Caller) -> lives.Granted | Refused:
    if tx.full:  # only the end of a family goes on
        return FULL
    generation = row.generation + 1
    successor = parts.bearers.mint("refresh", bearer.tenant_id, bearer.row_id, generation)
    rotation = sessions.Rotation(
        generation=generation,
        refresh_hash=digest_of(successor),
        refresh=tx.now.after(row.idle_life or parts.options.lives.refresh),
        previous_hash=bearer.digest,
        previous_client=_client(parts, caller),
        successor_sealed=seal_under(token, successor.encode(), tx.entropy),
        retry=tx.now.after(parts.options.lives.retry_window),
    )
    if not sessions.rotate(tx, bearer.tenant_id, bearer.row_id, rotation, caller.ip_address):
        return INVALID
    record(tx, bearer.tenant_id, Event(
        "refresh", actor_id=row.user_id, subject_id=row.user_id, session_id=bearer.row_id, caller=caller, usual=True
    ))  # fmt: skip
    return _granted(row, bearer, successor)


def _retried(tx: Tx, parts: Parts, row: Any, token: str, bearer: Bearer, caller: Caller) -> str | None:
    """The successor, where this is the same client asking again for an answer that it lost."""
    retry = deadline_of(row, "retry")
    if retry is None or retry.passed(tx.now) or row.successor_sealed is None:
        return None
    same_token = parts.pepper.same(bytes(row.previous_hash), bearer.digest)
    if not same_token or not parts.pepper.same(bytes(row.previous_client), _client(parts, caller)):
        return None
    return open_under(token, bytes(row.successor_sealed)).decode()


def _client(parts: Parts, caller: Caller) -> bytes:
    """The same client is the same device cookie, else the same address and user agent."""
    if caller.device_hash != UNKNOWN_DEVICE:
        return parts.pepper.digest("client", "device", caller.device_hash)
    return parts.pepper.digest("client", "address", caller.ip_address, caller.user_agent)


def _end_family(tx: Tx, parts: Parts, row: Any, bearer: Bearer, caller: Caller) -> Refused:
    """A spent token came back: whoever holds its descendants, thief or owner, is signed out."""
    lives.end(tx, parts, bearer.tenant_id, [bearer.row_id], "reuse")
    record(tx, bearer.tenant_id, Event(
        "refresh", "reuse", subject_id=row.user_id, session_id=bearer.row_id, caller=caller
    ))  # fmt: skip
    return INVALID
