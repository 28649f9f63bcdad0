"""From the rows to the cells: what they say and the cells don't becomes changes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from rex_auth_edge.exchange.mirror import (
    audit,
    devices,
    failures,
    invitations,
    keys,
    people,
    policy,
    sessions,
)
from rex_auth_edge.exchange.mirror.side import Side, Wish, id_of
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import attempts_elsewhere, users
from rex_auth_edge.storage import devices as device_rows
from rex_auth_edge.storage import invitations as invitation_rows
from rex_auth_edge.storage import sessions as session_rows
from rex_auth_edge.storage.tx import Touch, Tx, What
from rex_auth_edge.sync.state import Cell

_ORDER = list(What)


@dataclass(frozen=True, slots=True)
class _Act:
    """A transaction that is captured: who did it, whose password was set by a link, and who let whom in by a code."""

    side: Side
    scribe: Scribe
    actor: bytes | None
    resets: frozenset[UUID]
    inviters: Mapping[UUID, UUID | None]


def capture(tx: Tx, parts: Parts, scribe: Scribe, tenant_id: UUID, touched: Iterable[Touch]) -> set[Cell]:
    """Write as changes what the transaction has changed of the household; which cells those are.

    Where a rule decides otherwise than the flow did, the rows differ from the cells until these are adopted.
    """
    side = Side.of(tx.conn, parts, tenant_id, scribe.house, scribe.node, tx.now)
    listed = sorted(touched, key=lambda each: (_ORDER.index(each.what), each.id))
    resets = frozenset(each.id for each in listed if each.what is What.RESET)
    act = _Act(side, scribe, id_of(tx.actors.get(tenant_id)), resets, dict(_inviters(side, listed)))
    return _write(tx, scribe, (wish for each in listed for wish in _CAPTURED[each.what](act, each)))


def _inviters(side: Side, touched: Iterable[Touch]) -> Iterator[tuple[UUID, UUID | None]]:
    for touch in touched:
        row = invitation_rows.get(side.conn, side.tenant_id, touch.id) if touch.what is What.INVITATION else None
        if row is not None and row.used_by is not None:
            yield row.used_by, row.invited_by


def recapture(tx: Tx, parts: Parts, scribe: Scribe, tenant_id: UUID, some: Iterable[Touch]) -> set[Cell]:
    """Write as changes what these rows say and their cells don't; nobody has to answer for it."""
    side = Side.of(tx.conn, parts, tenant_id, scribe.house, scribe.node, tx.now)
    act = _Act(side, scribe, None, frozenset(), {})
    return _write(tx, scribe, (wish for each in some for wish in _CAPTURED[each.what](act, each)))


def _write(tx: Tx, scribe: Scribe, wishes: Iterable[Wish]) -> set[Cell]:
    written: set[Cell] = set()
    with tx.quiet():
        for wish in wishes:
            pen = scribe.pen()
            scribe.write(wish.cell, wish.make(pen), wish.actor)
            wish.then(tx, pen.tag)
            written.add(wish.cell)
    return written


def _person(act: _Act, touch: Touch) -> Iterator[Wish]:
    row = users.get(act.side.conn, act.side.tenant_id, touch.id)
    if row is None:
        yield from people.leaving(act.side, touch.id.bytes, act.actor)
        return
    giver = id_of(act.inviters[touch.id]) if touch.id in act.inviters else people.giver(act.side, row, act.actor)
    yield from people.wishes(act.side, row, act.actor, giver=giver, reset=touch.id in act.resets)


def _signing_out(act: _Act, touch: Touch) -> Iterator[Wish]:
    return people.signing_out(act.side, touch.id.bytes, id_of(touch.but), act.actor)


def _session(act: _Act, touch: Touch) -> Iterator[Wish]:
    row = session_rows.get(act.side.conn, act.side.tenant_id, touch.id)
    return sessions.of_row(act.side, touch.id, row, act.actor)


def _device(act: _Act, touch: Touch) -> Iterator[Wish]:
    row = device_rows.get(act.side.conn, act.side.tenant_id, touch.id)
    return iter(()) if row is None else devices.wishes(act.side, row, act.actor)


def _invitation(act: _Act, touch: Touch) -> Iterator[Wish]:
    row = invitation_rows.get(act.side.conn, act.side.tenant_id, touch.id)
    return invitations.wishes(act.side, touch.id, row, act.actor)


def _policy(act: _Act, touch: Touch) -> Iterator[Wish]:
    return policy.wishes(act.side, act.actor, named=touch.what is What.NAME)


def _failures(act: _Act, touch: Touch) -> Iterator[Wish]:
    account = act.side.parts.account(act.side.tenant_id, touch.id)
    rows = attempts_elsewhere.of_account(act.side.conn, act.side.tenant_id, account)
    return failures.wishes(act.side, touch.id, rows, act.actor)


def _audit(act: _Act, touch: Touch) -> Iterator[Wish]:
    wishes = list(audit.wishes(act.side, touch.id))
    act.scribe.prepare(wish.cell for wish in wishes)
    yield from wishes


def _address_lost(act: _Act, touch: Touch) -> Iterator[Wish]:
    return people.losing_address(act.side, touch.id.bytes)


def _keys(act: _Act, _touch: Touch) -> Iterator[Wish]:
    return keys.wishes(act.side)


def _nothing(_act: _Act, _touch: Touch) -> Iterator[Wish]:
    return iter(())


_CAPTURED: Mapping[What, Callable[[_Act, Touch], Iterator[Wish]]] = MappingProxyType({
    What.PERSON: _person,
    What.RESET: _nothing,
    What.SIGN_OUT: _signing_out,
    What.SESSION: _session,
    What.DEVICE: _device,
    What.INVITATION: _invitation,
    What.POLICY: _policy,
    What.NAME: _policy,
    What.FAILURES: _failures,
    What.KEYS: _keys,
    What.AUDIT: _audit,
    What.ADDRESS_LOST: _address_lost,
})  # fmt: skip
