"""Refreshing: a token has exactly one successor, ever; any other use of a spent one ends the session (RFC 9700)."""

from collections.abc import Iterable
from typing import Any

from rex_auth_edge.domain.caller import UNKNOWN_DEVICE, Caller
from rex_auth_edge.domain.clock import Deadline
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.hashes import Bearer
from rex_auth_edge.keys.seal import open_under, seal_under
from rex_auth_edge.storage import sessions, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tables import deadline_of
from rex_auth_edge.storage.tx import Tx

INVALID = Refused(Code.INVALID_TOKEN, "Invalid or expired refresh token; sign in again")


def first(parts: Parts, candidates: Iterable[str | None]) -> str | None:
    """The first of the candidates that this node has issued as a refresh token, else the first that is there at all."""
    there = [text for text in candidates if text]
    genuine = (text for text in there if parts.bearers.read("refresh", text) is not None)
    return next(genuine, there[0] if there else None)


def session_key(parts: Parts, token: str | None) -> str:
    """What refreshes are limited by: the session, or for a token that isn't ours the token itself."""
    bearer = parts.bearers.read("refresh", token) if token else None
    return str(bearer.row_id) if bearer else token or ""


async def refresh(parts: Parts, token: str | None, caller: Caller) -> lives.SignedIn | Refused:
    """The session's next tokens. A retry within 10 s by the same client gets the same refresh token again."""
    bearer = parts.bearers.read("refresh", token) if token else None
    if token is None or bearer is None:
        return INVALID
    result = await parts.store.write(lambda tx: _decide(tx, parts, token, bearer, caller))
    return result if isinstance(result, Refused) else lives.grant(parts, result)


def _decide(tx: Tx, parts: Parts, token: str, bearer: Bearer, caller: Caller) -> lives.Granted | Refused:
    row = sessions.get(tx.conn, bearer.tenant_id, bearer.row_id, hold=True)
    if row is None or row.revoked_at is not None or _ends(row).passed(tx.now):
        return INVALID
    user = users.get(tx.conn, row.tenant_id, row.user_id)
    if user is None or user.disabled:
        return INVALID
    if parts.pepper.same(bytes(row.refresh_hash), bearer.digest):
        return INVALID if _refresh_over(row, tx) else _rotate(tx, parts, row, user, token, bearer, caller)
    if (successor := _retried(tx, parts, row, token, bearer, caller)) is not None:
        return lives.Granted(user, row.id, successor, _ends(row))
    return _end_family(tx, parts, row, caller)


def _ends(row: Any) -> Deadline:
    return Deadline(row.ends_at, bytes(row.ends_boot_id), row.ends_boot)


def _refresh_over(row: Any, tx: Tx) -> bool:
    return Deadline(row.refresh_at, bytes(row.refresh_boot_id), row.refresh_boot).passed(tx.now)


def _rotate(
    tx: Tx, parts: Parts, row: Any, user: Any, token: str, bearer: Bearer, caller: Caller
) -> lives.Granted | Refused:
    generation = row.generation + 1
    successor = parts.bearers.mint("refresh", row.tenant_id, row.id, generation)
    minted = parts.bearers.read("refresh", successor)
    rotation = sessions.Rotation(
        generation=generation,
        refresh_hash=minted.digest if minted else b"",
        refresh=tx.now.after(row.idle_life or parts.options.lives.refresh),
        previous_hash=bearer.digest,
        previous_client=_client(parts, caller),
        successor_sealed=seal_under(token, successor.encode(), tx.entropy),
        retry=tx.now.after(parts.options.lives.retry_window),
    )
    if not sessions.rotate(tx, row.tenant_id, row.id, rotation, caller.ip_address):
        return INVALID
    record(tx, row.tenant_id, Event(
        "refresh", actor_id=user.id, subject_id=user.id, session_id=row.id, caller=caller
    ))  # fmt: skip
    return lives.Granted(user, row.id, successor, _ends(row))


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


def _end_family(tx: Tx, parts: Parts, row: Any, caller: Caller) -> Refused:
    """A spent token came back: whoever holds its descendants, thief or owner, is signed out."""
    lives.end(tx, parts, row.tenant_id, [row.id], "reuse")
    record(tx, row.tenant_id, Event(
        "refresh", "reuse", subject_id=row.user_id, session_id=row.id, caller=caller
    ))  # fmt: skip
    return INVALID
