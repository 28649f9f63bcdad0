"""Sessions: opened by a proof of identity, listed, and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from rex_auth_edge.domain.caller import UNKNOWN_DEVICE, Caller
from rex_auth_edge.domain.clock import SECOND, Deadline, Moment
from rex_auth_edge.domain.entropy import session_number
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.register import LONGEST, Ended
from rex_auth_edge.domain.roles import SCOPES, Role
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.keys.hashes import digest_of
from rex_auth_edge.storage import attempts, confirmations, device_grants, sessions, tenants
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.store import StorageUnavailableError
from rex_auth_edge.storage.tx import Tx, What

NO_SESSION = Refused(Code.NOT_FOUND, "There is no such session")


@dataclass(frozen=True, slots=True)
class Holder:
    """What an access token says of its person."""

    tenant_id: UUID
    id: UUID
    role: str
    email_verified: bool


@dataclass(frozen=True, slots=True)
class Granted:
    """What a transaction has granted; `grant` makes an access token of it once it is committed."""

    holder: Holder
    session_id: UUID
    refresh_token: str
    ends: Deadline
    device_token: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A session's tokens. `expires_in` is the access token's life in seconds.

    `device_token` is a new device cookie to set, None where the caller's stays.
    """

    tenant_id: UUID
    user_id: UUID
    session_id: UUID
    access_token: str
    refresh_token: str
    expires_in: int
    device_token: str | None = None


def open_session(tx: Tx, parts: Parts, user: Any, caller: Caller) -> Granted:
    """A new session for a person who has just proven who they are; the device is known from now on."""
    token = None if caller.device_token else parts.bearers.mint("device", user.tenant_id, tx.new_id())
    device = Caller(device_token=token).device_hash if token else caller.device_hash
    attempts.remember(tx, user.tenant_id, user.id, device, caller.label)
    session_id, lives = tx.new_id(), parts.options.lives
    refresh_token = parts.bearers.mint("refresh", user.tenant_id, session_id)
    house = tenants.get(tx.conn, user.tenant_id)
    ends = tx.now.after(house.session_life or lives.session)
    refresh = tx.now.after(house.idle_life or lives.refresh)
    values = {
        "tenant_id": user.tenant_id,
        "id": session_id,
        "number": session_number(tx.entropy),
        "user_id": user.id,
        "device_hash": device,
        "device_info": caller.label,
        "ip_address": caller.ip_address,
        "generation": 0,
        "idle_life": house.idle_life,
        "refresh_hash": digest_of(refresh_token),
    }
    sessions.add(tx, values, fresh=tx.now.after(lives.fresh), refresh=refresh, ends=ends)
    holder = Holder(user.tenant_id, user.id, user.role, user.email_verified)
    return Granted(holder, session_id, refresh_token, ends, token)


def device_cookie(parts: Parts, text: str) -> str | None:
    """A device cookie (OWASP), if this node has issued it; nobody can make up devices to be counted apart."""
    return text if text and parts.bearers.read("device", text) is not None else None


def grant(parts: Parts, granted: Granted) -> SignedIn:
    """Sign the access token of a committed grant; it never outlives the session."""
    now, user, role = parts.clock.now(), granted.holder, Role(granted.holder.role)
    life = min(parts.options.lives.access, granted.ends.remaining(now)) // SECOND
    token = parts.tokens.mint(
        tenant_id=user.tenant_id,
        user_id=user.id,
        session_id=granted.session_id,
        email_verified=bool(user.email_verified),
        roles=(role.value,),
        scopes=SCOPES[role],
        now=now,
        life_seconds=life,
    )
    return SignedIn(
        user.tenant_id, user.id, granted.session_id, token, granted.refresh_token, life, granted.device_token
    )


def end(tx: Tx, parts: Parts, tenant_id: UUID, session_ids: Sequence[UUID], reason: str) -> None:
    """Revoke sessions, and refuse their access tokens from the moment that this is committed."""
    if not session_ids:
        return
    sessions.end(tx, tenant_id, session_ids, reason)
    publish = partial(_refuse, parts, tenant_id, session_ids, tx.now)
    tx.after_commit.append(publish)
    tx.in_doubt.append(publish)


def _refuse(parts: Parts, tenant_id: UUID, session_ids: Sequence[UUID], now: Moment) -> None:
    """Refuse the sessions' access tokens from now on."""
    for session_id in session_ids:
        parts.register.revoke(Ended(tenant_id, session_id), now.after(LONGEST))


def end_all(tx: Tx, parts: Parts, tenant_id: UUID, user_id: UUID, reason: str, *, but: UUID | None = None) -> int:
    """End a person's sessions, all or all `but` one, and whatever devices hold for them; says how many sessions."""
    tx.touch(tenant_id, What.SIGN_OUT, user_id, but=but)
    doomed = [row.id for row in sessions.open_of(tx.conn, tenant_id, user_id) if row.id != but]
    end(tx, parts, tenant_id, doomed, reason)
    device_grants.end(tx, parts.register, tenant_id, reason, user_id=user_id)
    confirmations.withdraw(tx, tenant_id, user_id=user_id)
    return len(doomed)


def end_of_device(tx: Tx, parts: Parts, tenant_id: UUID, user_id: UUID, device_hash: bytes, reason: str) -> None:
    """End a person's sessions on one device, as a ban of that device does."""
    if device_hash == UNKNOWN_DEVICE:
        return
    rows = sessions.open_of(tx.conn, tenant_id, user_id)
    end(tx, parts, tenant_id, [row.id for row in rows if bytes(row.device_hash) == device_hash], reason)


async def listed(parts: Parts, principal: Principal) -> list[Any]:
    """The caller's own live sessions, the latest used first."""
    rows = await parts.store.read(lambda conn: sessions.open_of(conn, principal.tenant_id, principal.user_id))
    return live(rows, parts.clock.now())


def live(rows: Sequence[Any], now: Moment) -> list[Any]:
    """Those of the sessions that time hasn't ended."""
    return [row for row in rows if not _over(row, now)]


def _over(row: Any, now: Moment) -> bool:
    ends = Deadline(row.ends_at, bytes(row.ends_boot_id), row.ends_boot)
    return ends.passed(now) or Deadline(row.refresh_at, bytes(row.refresh_boot_id), row.refresh_boot).passed(now)


async def sign_out(parts: Parts, principal: Principal, caller: Caller) -> None:
    """End the caller's own session. Its access token is refused here also where that can't be written."""
    event = Event(
        "logout",
        actor_id=principal.user_id,
        subject_id=principal.user_id,
        session_id=principal.session_id,
        caller=caller,
    )

    def work(tx: Tx) -> None:
        end(tx, parts, principal.tenant_id, [principal.session_id], "logout")
        record(tx, principal.tenant_id, event)

    try:
        await parts.store.write(work, urgent=True)
    except StorageUnavailableError:
        _refuse(parts, principal.tenant_id, [principal.session_id], parts.clock.now())
        raise


async def sign_out_everywhere(parts: Parts, principal: Principal, caller: Caller, *, keep_own: bool) -> int:
    """End all of the caller's sessions, their own too unless `keep_own`; says how many."""
    but = principal.session_id if keep_own else None

    def work(tx: Tx) -> int:
        count = end_all(tx, parts, principal.tenant_id, principal.user_id, "logout", but=but)
        name = "logout.others" if keep_own else "logout.all"
        record(tx, principal.tenant_id, Event(
            name, actor_id=principal.user_id, subject_id=principal.user_id, session_id=principal.session_id,
            caller=caller, detail={"ended": count},
        ))  # fmt: skip
        return count

    return await parts.store.write(work, urgent=True)


async def end_one(parts: Parts, principal: Principal, name: str, caller: Caller) -> Refused | None:
    """End one of the caller's own sessions, by its UUID or its number; anybody else's doesn't exist."""

    def work(tx: Tx) -> Refused | None:
        rows = sessions.open_of(tx.conn, principal.tenant_id, principal.user_id)
        found = [row.id for row in rows if name.lower() in {str(row.id), str(row.number)}]
        if not found:
            return NO_SESSION
        end(tx, parts, principal.tenant_id, found, "ended")
        record(tx, principal.tenant_id, Event(
            "session.end", actor_id=principal.user_id, subject_id=principal.user_id, session_id=found[0], caller=caller
        ))  # fmt: skip
        return None

    return await parts.store.write(work, urgent=True)
