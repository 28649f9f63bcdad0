"""Remembering time over reboots: how far it has come is put on record, and the floor is lowered where it is wrong.

What raises the floor is the boot clock alone; a time that the cloud has signed is to come in beside `lower`, by a
higher `lift` and an `anchor` of the present boot.
"""

import logging
from dataclasses import dataclass, replace

from rex_auth_edge.domain.clock import Boot, Clock, Moment, Past
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows import sessions as lives
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import clock as kept
from rex_auth_edge.storage import sessions, tenants, users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.store import StorageUnavailableError, Store
from rex_auth_edge.storage.tx import Tx

OFTEN = 300.0
"""Seconds between marks: what a power cut takes away from running time, at the price of 12 small writes an hour."""

_FORWARD = Refused(
    Code.INVALID_FIELD, "That is later than what has come for sure: the floor is lowered only", {"to": "too late"}
)
_log = logging.getLogger(__name__)


async def begin(store: Store, clock: Clock) -> None:
    """Go on from what is on record, and put this boot there; where nothing can be written, the hub starts all the same.

    Before anything else is done with the database: what it issues has to name a boot that is on record, and what is
    ended here has to be found by whoever loads the register of revocations.
    """
    try:
        past = await store.write(kept.enter, urgent=True)
    except StorageUnavailableError:
        now = clock.now()
        past = await store.read(lambda conn: kept.past(conn, now, now.boot_id[::-1]))
        _log.warning("This boot could not be put on record; it counts as little as if the hub had been off.")
    clock.recall(past)
    try:
        await store.write(_end_earlier_ones, urgent=True)
    except StorageUnavailableError:
        _log.warning("Sessions of before the reboot could not be ended.")


def _end_earlier_ones(tx: Tx) -> None:
    """Where the household's policy wants it, end the sessions whose people haven't proven themselves in this boot."""
    for house in tenants.every(tx.conn):
        doomed = sessions.proven_before(tx.conn, house.id, tx.now.boot_id) if house.fresh_after_reboot else []
        if doomed:
            sessions.end(tx, house.id, doomed, "reboot")
            record(tx, house.id, Event("session.reboot", detail={"ended": len(doomed)}))


async def keep(store: Store) -> None:
    """Put on record how far time has come; where nothing can be written now, the next time does."""
    try:
        await store.write(kept.mark)
    except StorageUnavailableError:
        _log.warning("How far time has come could not be put on record.")


@dataclass(frozen=True, slots=True)
class Lowered:
    """The floor before and after, in milliseconds since 1970, and how many sessions ended."""

    before: int
    after: int
    ended: int


async def lower(parts: Parts, to: int) -> Lowered | Refused:
    """Lower the floor `to` a time (milliseconds since 1970), but never below the release's date. All sessions end.

    What NTP has said in this boot is forgotten with it; NTP says it again if it still holds.
    """
    now = parts.clock.now()
    if to > now.floor or now.past is None:
        return _FORWARD
    past = _lowered(now.past, to - now.running)
    ended = await parts.store.write(lambda tx: _lower(tx, parts, now, past))
    parts.clock.recall(past)
    return Lowered(now.floor, parts.clock.now().floor, ended)


def _lowered(past: Past, lift: int) -> Past:
    present = {past.boot_id: Boot(past.present.began)}
    return replace(past, lift=lift, boots={**past.boots, **present})


def _lower(tx: Tx, parts: Parts, before: Moment, past: Past) -> int:
    ended = 0
    for house in tenants.every(tx.conn):
        here = sum(lives.end_all(tx, parts, house.id, each.id, "clock") for each in users.every(tx.conn, house.id))
        detail = {"from": before.floor, "to": tx.now.running + past.lift, "ended": here}
        record(tx, house.id, Event("clock.lower", detail=detail))
        ended += here
    kept.set_lift(tx, past)
    return ended
