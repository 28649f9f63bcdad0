"""What is done now and then without anybody asking: erase, expire, rotate."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from rex_auth_edge.flows import signing
from rex_auth_edge.flows.authenticate import Authenticator
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import (
    attempts,
    audit,
    child_requests,
    confirmations,
    device_asks,
    device_grants,
    guest_passes,
    leases,
    outbox,
    recoveries,
    registrations,
    resets,
    sessions,
    sync_shared,
)
from rex_auth_edge.storage.passed import MOST
from rex_auth_edge.storage.tx import Tx, What

OFTEN = 5.0
"""Seconds between looks at what must be gone within seconds."""
SELDOM = 3600.0
"""Seconds between purges."""

_TURN = 55 * MINUTE
_KEPT = 30 * DAY
"""How long sessions stay on record after their end."""


async def erase(parts: Parts) -> None:
    """Erase spent secrets and forget revocations that cover nothing any more; writes only where there is something."""
    parts.register.sweep(parts.clock.now())
    if await parts.store.read(sessions.any_sealed):
        await parts.store.write(sessions.erase_successors, urgent=True)


async def purge_in_turn(parts: Parts, authenticator: Authenticator) -> None:
    """The same where several processes share the database: one of them an hour."""
    if await parts.store.write(lambda tx: leases.take(tx, "upkeep", _TURN)):
        await purge(parts, authenticator)


async def purge(parts: Parts, authenticator: Authenticator) -> None:
    """Delete what has expired, and rotate the signing key when it is 90 days old.

    By time that the hub has seen pass: a wall clock in 2099 makes nothing old.
    """
    await _tell(parts)
    while await parts.store.write(_purge, urgent=True):
        pass
    now, kept = parts.clock.now(), parts.options.lives.audit
    for end in await parts.store.read(lambda conn: audit.outlived(conn, now, kept)):
        await parts.store.write(partial(audit.forget, ends=[end]), urgent=True)
    if parts.keyring.due(parts.clock.now()):
        await signing.rotate(parts)
    await signing.drop_dead(parts)
    authenticator.forget()


async def _tell(parts: Parts) -> None:
    """What shared households have to hear of before it is deleted; each in a transaction of its own."""
    for tenant_id in await parts.store.read(sync_shared.every):
        await parts.store.write(partial(_tell_one, tenant_id=tenant_id), urgent=True)


def _tell_one(tx: Tx, tenant_id: UUID) -> None:
    sessions.touch_over(tx, tenant_id)
    tx.touch(tenant_id, What.AUDIT, tx.node.id)


_STEPS: tuple[Callable[[Tx, int], int], ...] = (
    lambda tx, most: registrations.forget(tx, 2 * HOUR, most),
    lambda tx, most: resets.forget(tx, DAY, most),
    lambda tx, most: sessions.forget(tx, _KEPT, most),
    attempts.forget_strangers,
    outbox.purge,
    confirmations.forget,
    lambda tx, most: device_grants.forget(tx, tx.now.floor - 2 * DAY, most),
    lambda tx, most: guest_passes.forget(tx, 2 * DAY, most),
    lambda tx, most: child_requests.forget(tx, HOUR, most),
    lambda tx, most: recoveries.forget(tx, 30 * DAY, most),
    lambda tx, most: device_asks.forget(tx, HOUR, most),
)


def _purge(tx: Tx) -> bool:
    """Delete up to `MOST` rows, of whatever is old; whether there may be more."""
    left = MOST
    for step in _STEPS:
        left -= step(tx, left)
        if not left:
            return True
    return False
