"""What is done now and then without anybody asking: erase, expire, rotate."""

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
    tenants,
)
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
    await parts.store.write(_purge, urgent=True)
    now, kept = parts.clock.now(), parts.options.lives.audit
    if ends := await parts.store.read(lambda conn: audit.outlived(conn, now, kept)):
        await parts.store.write(lambda tx: audit.forget(tx, ends), urgent=True)
    if parts.keyring.due(parts.clock.now()):
        await signing.rotate(parts)
    authenticator.forget()


def _purge(tx: Tx) -> None:
    registrations.forget(tx, 2 * HOUR)
    resets.forget(tx, DAY)
    sessions.touch_over(tx)
    sessions.forget(tx, _KEPT)
    attempts.forget_strangers(tx)
    outbox.purge(tx)
    confirmations.forget(tx)
    device_grants.forget(tx, tx.now.floor - 2 * DAY)
    guest_passes.forget(tx, 2 * DAY)
    child_requests.forget(tx, HOUR)
    recoveries.forget(tx, 30 * DAY)
    for house in tenants.every(tx.conn):
        tx.touch(house.id, What.AUDIT, tx.node.id)
    for tenant_id, hashed in device_asks.forget(tx, HOUR):
        tenants.strike_from_directory(tx, hashed, tenant_id)
