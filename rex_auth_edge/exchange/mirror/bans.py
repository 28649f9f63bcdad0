"""Bans of failed sign-ins: which are in force, what is told of this node's own, and what rows have of others'.

A mark of a ban says at which device, what is left of it in milliseconds (None: for good), and at which of its node's
failures there it began: once that failure is forgiven, it counts no more. The cloud adds when it came (`rules.bans`).
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from rex_auth_edge.exchange.mirror.counts import counts_of, device_of, fits, key_of
from rex_auth_edge.exchange.mirror.side import Side, Wish, number, uuid_of
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import attempts_elsewhere as rows
from rex_auth_edge.storage.attempts_elsewhere import Counter, counter_of
from rex_auth_edge.storage.columns import deadline_of, deadline_values
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.rules.bans import came, parts_of
from rex_auth_edge.sync.state import Cell, Mark, State


class Ban(NamedTuple):
    """One that is in force: since which failure, how long when its node told of it, and when that came to the cloud."""

    since: int
    left: int | None
    came: int | None = None

    def remains(self, clouds: int | None) -> int:
        """What is left by the cloud's clock; all, where nobody can know better."""
        passed = 0 if clouds is None or self.came is None else max(0, clouds - self.came)
        return max(0, (self.left or 0) - passed)


def banned(side: Side, user: bytes, present: Sequence[Any]) -> Iterator[Wish]:
    """The bans of this node's own of which nobody has heard."""
    for row in present:
        ban = deadline_of(row, "ban")
        left = None if row.permanent or ban is None else max(0, ban.unserved(side.now))
        if row.node_id.bytes != side.node or not (row.permanent or left):
            continue
        counts, key = counts_of(side, user), key_of(row.device_hash)
        since = max((each.total for each in counts if (each.key, each.origin) == (key, side.node)), default=0)
        if (row.told or 0) < since:
            what = [key, left, since]
            account, which = bytes(row.account), counter_of(row)
            then = partial(_told, side.tenant_id, account, which, since)
            yield Wish(Cell(Kind.BAN, user), partial(_mark, what), then=then)


def _mark(what: list[Any], pen: Pen) -> State:
    return pen.mark(what)


def _told(tenant_id: UUID, account: bytes, which: Counter, since: int, tx: Tx, _tag: Tag) -> None:
    rows.put(tx, tenant_id, account, which, {"told": since})


def measured(tx: Tx, parts: Parts, tenant_id: UUID, cell: Cell, state: State) -> State:
    """The bans of this hub's own that are about to be told, with what is left of them now."""
    user_id = uuid_of(cell.id)
    here = [] if user_id is None else rows.of_account(tx.conn, tenant_id, parts.account(tenant_id, user_id))
    left = {}
    for row in here:
        ban = deadline_of(row, "ban")
        if row.node_id == tx.node.id and ban is not None and not row.permanent:
            left[key_of(row.device_hash), row.told] = max(0, ban.unserved(tx.now))
    return replace(state, marks=tuple(_measured(mark, left) for mark in state.marks))


def _measured(mark: Mark, left: dict[tuple[str, int | None], int]) -> Mark:
    read = _read(mark.what)
    now = None if read is None else left.get((key_of(read[0]), read[1].since))
    if read is None or now is None or read[1].left is None:
        return mark
    return replace(mark, what=[mark.what[0], min(now, read[1].left), mark.what[2]])


def ban_columns(tx: Tx, side: Side, row: Any, ban: Ban | None) -> dict[str, Any]:
    """A ban's columns, where another has begun, or the one that was has been lifted."""
    if ban is None:
        return deadline_values("ban", None) | {"permanent": False}
    if row is not None and (row.told or 0) >= ban.since:
        return {}
    until = None if ban.left is None else tx.now.after(ban.remains(side.clouds))
    return deadline_values("ban", until) | {"permanent": ban.left is None, "told": ban.since}


def in_force(side: Side, user: bytes) -> dict[Counter, Ban]:
    """Those of other nodes."""
    return {which: ban for which, ban in bans_of(side, user).items() if which.node_id.bytes != side.node}


def bans_of(side: Side, user: bytes) -> dict[Counter, Ban]:
    """All bans whose failures haven't been forgiven: of each counter the latest."""
    forgiven = {(each.key, each.origin, each.incarnation): each.cleared for each in counts_of(side, user)}
    found: dict[Counter, Ban] = {}
    for mark in side.house.state(Cell(Kind.BAN, user)).marks:
        read, node = _read(mark.what), uuid_of(mark.by.origin)
        if read is None or node is None or not fits(mark.by.incarnation):
            continue
        device, ban = read
        if forgiven.get((key_of(device), *mark.by[:2]), 0) < ban.since:
            which = Counter(device, node, mark.by.incarnation)
            found[which] = max(found.get(which, ban), ban, key=lambda each: each.since)
    return found


def _read(what: Any) -> tuple[bytes, Ban] | None:
    """At which device, and the ban; None for what is none."""
    if (parts := parts_of(what)) is None:
        return None
    key, left, since = parts
    device = device_of(key)
    good = number(since) is not None and (left is None or number(left) is not None)
    return (device, Ban(since, left, came(what))) if device is not None and good else None
