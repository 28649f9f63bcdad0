"""Failed sign-ins and the bans that they brought: counted by each node, known to all, forgiven by whoever knew them."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from rex_auth_edge.exchange.mirror.bans import ban_columns, banned, bans_of, in_force
from rex_auth_edge.exchange.mirror.counts import counted_elsewhere, counts_of, key_of, left_of, own_failures
from rex_auth_edge.exchange.mirror.side import Side, Wish
from rex_auth_edge.storage import attempts_elsewhere as rows
from rex_auth_edge.storage import users
from rex_auth_edge.storage.attempts_elsewhere import Counter, counter_of
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import ACTIVE, Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, Count, State


def wishes(side: Side, user_id: UUID, here: Sequence[Any], actor: bytes | None) -> Iterator[Wish]:
    """What has failed here, or been forgiven, since others last heard: `here` are all the rows of the account."""
    user = user_id.bytes
    rung = side.house.state(Cell(Kind.USER, user)).rung
    if rung is None or rung.step != ACTIVE:
        return
    told = counts_of(side, user)
    any_ban = bool(bans_of(side, user))
    for key in sorted({key_of(row.device_hash) for row in here} | {count.key for count in told}):
        of_key = tuple(count for count in told if count.key == key)
        present = [row for row in here if key_of(row.device_hash) == key]
        own = sum(row.attempt_count for row in present if row.node_id.bytes == side.node)
        known = sum(left_of(count) for count in of_key if count.origin == side.node)
        if own < known or (not present and any(map(left_of, of_key))):
            yield Wish(Cell(Kind.FAILURES, user), partial(_forgive, of_key), actor)
            known = 0
        if own > known:
            yield Wish(Cell(Kind.FAILURES, user), partial(_more, of_key, key, own - known))
        yield from banned(side, user, present)
    if not here and any_ban:
        yield Wish(Cell(Kind.BAN, user), lambda pen: pen.lift(Lane.SECURITY), actor)


def _forgive(counts: tuple[Count, ...], pen: Pen) -> State:
    return pen.succeeded(counts)


def _more(counts: tuple[Count, ...], key: str, count: int, pen: Pen) -> State:
    mine = [each.total for each in counts if (each.origin, each.incarnation) == pen.tag[:2]]
    return pen.failed(key, sum(mine) + count)


def everything(side: Side, people: Iterable[UUID]) -> Iterator[Wish]:
    """The same of everybody."""
    found: dict[bytes, list[Any]] = {}
    for row in rows.of_people(side.conn, side.tenant_id):
        found.setdefault(bytes(row.account), []).append(row)
    for user_id in people:
        yield from wishes(side, user_id, found.get(side.parts.account(side.tenant_id, user_id), []), None)


def adopt(tx: Tx, side: Side, people: Iterable[bytes]) -> None:
    """Keep what others have counted beside this node's own, and forget what has been forgiven elsewhere."""
    ids = [UUID(bytes=user) for user in sorted(people)]
    for person in users.some(tx.conn, side.tenant_id, ids):
        account = side.parts.account(side.tenant_id, person.id)
        here = {counter_of(row): row for row in rows.of_account(tx.conn, side.tenant_id, account)}
        counts, bans = counted_elsewhere(side, person.id.bytes), in_force(side, person.id.bytes)
        for which in here.keys() | counts.keys() | bans.keys():
            if which.node_id.bytes == side.node:
                gone = own_failures(side, person.id.bytes, which) == 0
            else:
                gone = which not in counts and which not in bans
            if gone:
                rows.drop(tx, side.tenant_id, account, which)
            elif which.node_id.bytes != side.node:
                values = {"attempt_count": counts.get(which, 0)} | ban_columns(
                    tx, side, here.get(which), bans.get(which)
                )
                _set(tx, side, account, which, here.get(which), values)


def _set(tx: Tx, side: Side, account: bytes, which: Counter, row: Any, values: dict[str, Any]) -> None:
    if row is None or any(getattr(row, name) != value for name, value in values.items()):
        rows.put(tx, side.tenant_id, account, which, values)
