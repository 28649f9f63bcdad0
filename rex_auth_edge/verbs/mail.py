"""The outbox, and whether the mail server takes letters."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.flows import credentials
from rex_auth_edge.mail.carrier import Carrier, Delivered, Outcome, Postponed
from rex_auth_edge.mail.trial import trial
from rex_auth_edge.storage import outbox, tenants
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.verbs.reach import CONSOLE, Reach, Verbs, bounded, find_household, identifier, refusal
from rex_auth_edge.web.answers import rfc3339

SHOWN = tuple(state for state in outbox.STATES if state != "withheld")
"""What is listed unless asked for: withheld letters are nobody's, and only hide who has an account."""
PATIENCE = 45.0
"""Seconds for a whole conversation with the mail server."""

_NO_SERVER = Refused(
    Code.BAD_REQUEST, "No mail server is set, so letters wait: set SMTP_ENABLED=true and SMTP_SERVER, and start again."
)
_UNDER_WAY = Refused(Code.BAD_REQUEST, "This letter is being sent at this moment: see `rex-auth-edge mail list`.")


async def _listed(
    reach: Reach, *, household: str | None = None, states: Sequence[str] = SHOWN, limit: int = 100
) -> list[dict[str, Any]]:
    """The letters of a household, or of all, the newest first."""

    def query(conn: sa.Connection) -> list[dict[str, Any]]:
        tenant_id = None if household is None else find_household(conn, reach, household)
        slugs = {house.id: house.slug for house in tenants.every(conn)}
        return [_letter(row, slugs) for row in outbox.listed(conn, tenant_id, states, bounded(limit))]

    return await reach.parts.store.read(query)


def _letter(row: Any, slugs: dict[UUID, str]) -> dict[str, Any]:
    """A letter without its content, which nobody reads but whom it is for."""
    waits = row.state == "waiting"
    return {
        "id": str(row.id),
        "household": slugs.get(row.tenant_id),
        "letter": row.letter,
        "address": row.address,
        "state": row.state,
        "attempts": row.attempts,
        "created_at": rfc3339(row.created_at),
        "due_at": rfc3339(row.due_at) if waits else None,
        "expires_at": rfc3339(row.expires_at) if waits else None,
        "ended_at": None if row.ended_at is None else rfc3339(row.ended_at),
        "last_error": row.last_error,
    }


async def _retried(reach: Reach, *, letter: str | None = None, household: str | None = None) -> dict[str, Any]:
    """Try a waiting letter, or all that wait, now instead of when its pause is over."""
    letter_id = None if letter is None else identifier(letter, "letter")

    def work(tx: Tx) -> int | Refused:
        tenant_id = None if household is None else find_household(tx.conn, reach, household)
        if letter_id is not None and (refused := _unless_waiting(outbox.find(tx.conn, letter_id, tenant_id))):
            return refused
        count = outbox.hasten(tx, tenant_id, letter_id)
        if letter_id is not None and not count:
            return _UNDER_WAY
        record(tx, tenant_id or reach.parts.home, Event("mail.retry", caller=CONSOLE, detail={"letters": count}))
        return count

    count = await reach.parts.store.write(work)
    if isinstance(count, Refused):
        raise refusal(count.code, count.message, "letter")
    reach.drain.ring()
    return {"letters": count, "sending": reach.running and reach.carrier is not None}


def _unless_waiting(row: Any) -> Refused | None:
    if row is None:
        return Refused(Code.NOT_FOUND, "There is no such letter: see `rex-auth-edge mail list`.")
    if row.state == "waiting":
        return None
    why = "what it said was erased at its end; have the person ask anew"
    return Refused(Code.BAD_REQUEST, f"This letter is {row.state} and can't be sent again: {why}.")


async def _tested(reach: Reach, *, address: str) -> dict[str, Any] | Refused:
    """Send a letter to `address` now, past the outbox, and say what became of it."""
    checked = credentials.address(address)
    if isinstance(checked, Refused):
        return Refused(checked.code, f"{address} is no e-mail address.")
    if reach.carrier is None:
        return _NO_SERVER
    parts, sender = reach.parts, reach.settings.mail.sender
    message_id = f"<test-{parts.entropy.token_bytes(8).hex()}@{sender.rpartition('@')[2]}>"
    message = trial(sender, checked, parts.clock.now(), message_id)
    outcome = await _outcome(reach.carrier, [message])
    said = _said(reach, outcome)
    event = Event("mail.test", said["result"], caller=CONSOLE)
    await parts.store.write(lambda tx: record(tx, parts.home, event))
    return said | {"address": checked}


async def probed(reach: Reach) -> dict[str, Any] | Refused:
    """Connect and sign in to the mail server, without sending anything."""
    if reach.carrier is None:
        return _NO_SERVER
    return _said(reach, await _outcome(reach.carrier, []))


async def _outcome(carrier: Carrier, messages: Sequence[Any]) -> Outcome:
    """What becomes of one letter; of none, whether the server would talk."""
    try:
        async with asyncio.timeout(PATIENCE):
            outcomes = [outcome async for outcome in carrier.deliver(messages)]
    except TimeoutError:
        return Postponed("The mail server didn't answer in time.")
    silence = Postponed("The mail server hung up.") if messages else Delivered()
    return next(iter(outcomes), silence)


def _said(reach: Reach, outcome: Outcome) -> dict[str, Any]:
    mail = reach.settings.mail
    server = "the hub's own console" if mail.console else f"{mail.server}:{mail.port}"
    match outcome:
        case Delivered():
            return {"result": "success", "server": server, "reason": None}
        case Postponed(reason):
            return {"result": "postponed", "server": server, "reason": reason}
        case rejected:
            return {"result": "rejected", "server": server, "reason": rejected.reason}


VERBS: Verbs = {"list": _listed, "retry": _retried, "test": _tested, "probe": probed}
