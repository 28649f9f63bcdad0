"""The audit log: searched, followed row by row, exported. A chain is named by node and incarnation."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.storage import audit, chains, users
from rex_auth_edge.storage.chains import Chain, Place
from rex_auth_edge.verbs.reach import Reach, Verbs, bounded, find_household, find_person, identifier, instant, refusal
from rex_auth_edge.web.answers import rfc3339

PAGE = 200
"""Rows that are checked or exported at a time: 5 to 10 milliseconds of the hub's, on a laptop."""


async def _listed(
    reach: Reach,
    *,
    household: str | None = None,
    event: str | None = None,
    outcome: str | None = None,
    user: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """What happened, newest first, with the names that people have now."""
    now = reach.parts.clock.now()
    times = {name: None if text is None else instant(now, text) for name, text in (("since", since), ("until", until))}

    def query(conn: sa.Connection) -> list[dict[str, Any]]:
        tenant_id = find_household(conn, reach, household)
        who = None if user is None else find_person(conn, tenant_id, user).id
        wanted = audit.Wanted(event, outcome, who, times["since"], times["until"])
        names = {each.id: each.username for each in users.every(conn, tenant_id)}
        found = audit.search(conn, tenant_id, wanted, bounded(limit))
        return [_row(row) | {"actor": names.get(row.actor_id), "subject": names.get(row.subject_id)} for row in found]

    return await reach.parts.store.read(query)


def _row(row: Any) -> dict[str, Any]:
    return {
        "at": rfc3339(row.at),
        "clock": row.clock,
        "event": row.event,
        "outcome": row.outcome,
        "actor_id": _text(row.actor_id),
        "subject_id": _text(row.subject_id),
        "session_id": _text(row.session_id),
        "ip_address": row.ip_address,
        "device": row.device,
        "detail": json.loads(row.detail),
        "node": str(row.node_id),
        "incarnation": row.incarnation,
        "seq": row.seq,
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


async def _chains(reach: Reach, *, household: str | None = None) -> list[dict[str, Any]]:
    """The household's chains as they are now; what is written from now on isn't looked at."""
    found = await reach.parts.store.read(lambda conn: chains.every(conn, find_household(conn, reach, household)))
    return [
        asdict(each) | {
            "tenant_id": str(each.tenant_id),
            "node_id": str(each.node_id),
            "hash": None if each.hash is None else each.hash.hex(),
            "named": _text(each.named),
        }
        for each in found
    ]  # fmt: skip


async def _followed(reach: Reach, *, chain: dict[str, Any], seq: int = 0, hash: str | None = None) -> dict[str, Any]:  # noqa: A002  the row's own word
    """Check the next rows of a chain (as `audit.chains` gave it) past `seq` and its `hash`."""
    which, place = _chain(chain), Place(seq, None if hash is None else bytes.fromhex(hash))
    page = await reach.parts.store.read(lambda conn: chains.rows(conn, which, place.seq, PAGE))
    # Not in the loop, which has others to serve.
    found = await asyncio.to_thread(chains.follow, which, place, page, done=len(page) < PAGE)
    bad = next((row for row in page if row.seq == found.broken), None)
    return {
        "rows": found.rows,
        "seq": found.place.seq,
        "hash": None if found.place.hash is None else found.place.hash.hex(),
        "done": found.done,
        "broken": found.broken,
        "why": found.why,
        "row": None if bad is None else {"at": rfc3339(bad.at), "event": bad.event},
    }


async def _exported(reach: Reach, *, chain: dict[str, Any], seq: int = 0) -> list[dict[str, Any]]:
    """The next rows of a chain past `seq`, with all that their hashes cover; fewer than a page at its end."""
    which = _chain(chain)
    page = await reach.parts.store.read(lambda conn: chains.rows(conn, which, seq, PAGE))
    return await asyncio.to_thread(_in_full, str(which.named or which.tenant_id), page)


def _in_full(household: str, page: Sequence[Any]) -> list[dict[str, Any]]:
    return [_row(row) | {"household": household, "at_ms": row.at, "hash": row.hash.hex()} for row in page]


def _chain(said: dict[str, Any]) -> Chain:
    try:
        values = said | {
            "tenant_id": identifier(said["tenant_id"], "household"),
            "node_id": identifier(said["node_id"], "node"),
            "hash": None if said["hash"] is None else bytes.fromhex(said["hash"]),
            "named": None if said.get("named") is None else identifier(said["named"], "household"),
        }
        return Chain(**values)
    except (KeyError, TypeError, ValueError):
        raise refusal(Code.INVALID_FIELD, "That is no chain as `audit.chains` gives it.", "chain") from None


VERBS: Verbs = {"list": _listed, "chains": _chains, "follow": _followed, "export": _exported}
