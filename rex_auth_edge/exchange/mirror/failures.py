"""Failed sign-ins and the bans that they brought: counted by each node, known to all, forgiven by whoever knew them.

A mark of a ban says at which device, what is left of it in milliseconds (None: for good), and at which of its node's
failures there it began: once that failure is forgiven, it counts no more. The cloud adds when it came (`sync.bans`).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from rex_auth_edge.domain.caller import UNKNOWN_DEVICE
from rex_auth_edge.exchange.mirror.side import Side, Wish, number, uuid_of
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import attempts_elsewhere as rows
from rex_auth_edge.storage import users
from rex_auth_edge.storage.attempts_elsewhere import Counter, counter_of
from rex_auth_edge.storage.columns import deadline_of, deadline_values
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.bans import came, parts_of
from rex_auth_edge.sync.kinds import ACTIVE, Kind
from rex_auth_edge.sync.order import Lane, Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, Count, Mark, State

_UNKNOWN = "unknown"
_MOST_INCARNATIONS = 1 << 31
_MOST = 1 << 20
"""Failures of another node's that fit the column; long before, nobody is let in any more."""


class _Ban(NamedTuple):
    """One that is in force: since which failure, how long when its node told of it, and when that came to the cloud."""

    since: int
    left: int | None
    came: int | None = None

    def remains(self, clouds: int | None) -> int:
        """What is left by the cloud's clock; all, where nobody can know better."""
        passed = 0 if clouds is None or self.came is None else max(0, clouds - self.came)
        return max(0, (self.left or 0) - passed)


def _key(device_hash: bytes) -> str:
    return _UNKNOWN if bytes(device_hash) == UNKNOWN_DEVICE else bytes(device_hash).hex()


def _device(key: Any) -> bytes | None:
    """Which device the key names; None for what no node calls one so."""
    if key == _UNKNOWN:
        return UNKNOWN_DEVICE
    try:
        found = bytes.fromhex(key)
    except (TypeError, ValueError):
        return None
    return found if len(found) == len(UNKNOWN_DEVICE) and _key(found) == key else None


def _fits(incarnation: int) -> bool:
    return 0 <= incarnation < _MOST_INCARNATIONS


def _left(count: Count) -> int:
    return max(0, count.total - count.cleared)


def wishes(side: Side, user_id: UUID, here: Sequence[Any], actor: bytes | None) -> Iterator[Wish]:
    """What has failed here, or been forgiven, since others last heard: `here` are all the rows of the account."""
    user = user_id.bytes
    rung = side.house.state(Cell(Kind.USER, user)).rung
    if rung is None or rung.step != ACTIVE:
        return
    told = _counts(side, user)
    banned = bool(_bans(side, user))
    for key in sorted({_key(row.device_hash) for row in here} | {count.key for count in told}):
        of_key = tuple(count for count in told if count.key == key)
        present = [row for row in here if _key(row.device_hash) == key]
        own = sum(row.attempt_count for row in present if row.node_id.bytes == side.node)
        known = sum(_left(count) for count in of_key if count.origin == side.node)
        if own < known or (not present and any(map(_left, of_key))):
            yield Wish(Cell(Kind.FAILURES, user), partial(_forgive, of_key), actor)
            known = 0
        if own > known:
            yield Wish(Cell(Kind.FAILURES, user), partial(_more, of_key, key, own - known))
        yield from _banned(side, user, present)
    if not here and banned:
        yield Wish(Cell(Kind.BAN, user), lambda pen: pen.lift(Lane.SECURITY), actor)


def _forgive(counts: tuple[Count, ...], pen: Pen) -> State:
    return pen.succeeded(counts)


def _more(counts: tuple[Count, ...], key: str, count: int, pen: Pen) -> State:
    mine = [each.total for each in counts if (each.origin, each.incarnation) == pen.tag[:2]]
    return pen.failed(key, sum(mine) + count)


def _banned(side: Side, user: bytes, present: Sequence[Any]) -> Iterator[Wish]:
    """The bans of this node's own of which nobody has heard."""
    for row in present:
        ban = deadline_of(row, "ban")
        left = None if row.permanent or ban is None else max(0, ban.unserved(side.now))
        if row.node_id.bytes != side.node or not (row.permanent or left):
            continue
        counts, key = _counts(side, user), _key(row.device_hash)
        since = max((each.total for each in counts if (each.key, each.origin) == (key, side.node)), default=0)
        if (row.told or 0) < since:
            what = [key, left, since]
            account, which = bytes(row.account), counter_of(row)
            then = partial(_told, side.tenant_id, account, which, since)
            yield Wish(Cell(Kind.BAN, user), partial(_mark, what), then=then)


def _mark(what: list[Any], pen: Pen) -> State:
    return pen.mark(what)


def measured(tx: Tx, parts: Parts, tenant_id: UUID, cell: Cell, state: State) -> State:
    """The bans of this hub's own that are about to be told, with what is left of them now."""
    user_id = uuid_of(cell.id)
    here = [] if user_id is None else rows.of_account(tx.conn, tenant_id, parts.account(tenant_id, user_id))
    left = {}
    for row in here:
        ban = deadline_of(row, "ban")
        if row.node_id == tx.node.id and ban is not None and not row.permanent:
            left[_key(row.device_hash), row.told] = max(0, ban.unserved(tx.now))
    return replace(state, marks=tuple(_measured(mark, left) for mark in state.marks))


def _measured(mark: Mark, left: dict[tuple[str, int | None], int]) -> Mark:
    read = _read(mark.what)
    now = None if read is None else left.get((_key(read[0]), read[1].since))
    if read is None or now is None or read[1].left is None:
        return mark
    return replace(mark, what=[mark.what[0], min(now, read[1].left), mark.what[2]])


def _told(tenant_id: UUID, account: bytes, which: Counter, since: int, tx: Tx, _tag: Tag) -> None:
    rows.put(tx, tenant_id, account, which, {"told": since})


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
        counts, bans = _counted(side, person.id.bytes), _in_force(side, person.id.bytes)
        for which in here.keys() | counts.keys() | bans.keys():
            if which.node_id.bytes == side.node:
                gone = _own(side, person.id.bytes, which) == 0
            else:
                gone = which not in counts and which not in bans
            if gone:
                rows.drop(tx, side.tenant_id, account, which)
            elif which.node_id.bytes != side.node:
                values = {"attempt_count": counts.get(which, 0)} | _closed(tx, side, here.get(which), bans.get(which))
                _set(tx, side, account, which, here.get(which), values)


def _set(tx: Tx, side: Side, account: bytes, which: Counter, row: Any, values: dict[str, Any]) -> None:
    if row is None or any(getattr(row, name) != value for name, value in values.items()):
        rows.put(tx, side.tenant_id, account, which, values)


def _own(side: Side, user: bytes, which: Counter) -> int:
    return sum(
        _left(each) for each in _counts(side, user) if (each.origin, each.key) == (side.node, _key(which.device_hash))
    )


def _closed(tx: Tx, side: Side, row: Any, ban: _Ban | None) -> dict[str, Any]:
    """A ban's columns, where another has begun, or the one that was has been lifted."""
    if ban is None:
        return deadline_values("ban", None) | {"permanent": False}
    if row is not None and (row.told or 0) >= ban.since:
        return {}
    until = None if ban.left is None else tx.now.after(ban.remains(side.clouds))
    return deadline_values("ban", until) | {"permanent": ban.left is None, "told": ban.since}


def _counted(side: Side, user: bytes) -> dict[Counter, int]:
    """What other nodes have counted that hasn't been forgiven."""
    found = {}
    for each in _counts(side, user):
        device, node = _device(each.key), uuid_of(each.origin)
        if device is not None and node is not None and each.origin != side.node and _left(each):
            found[Counter(device, node, each.incarnation)] = min(_left(each), _MOST)
    return found


def _counts(side: Side, user: bytes) -> tuple[Count, ...]:
    """What has been counted of this person, but for what no row can tell: what is odd is nobody's to forgive."""
    told = side.house.state(Cell(Kind.FAILURES, user)).counts
    return tuple(
        each
        for each in told
        if _device(each.key) is not None and uuid_of(each.origin) is not None and _fits(each.incarnation)
    )


def _in_force(side: Side, user: bytes) -> dict[Counter, _Ban]:
    """Those of other nodes."""
    return {which: ban for which, ban in _bans(side, user).items() if which.node_id.bytes != side.node}


def _bans(side: Side, user: bytes) -> dict[Counter, _Ban]:
    """All bans whose failures haven't been forgiven: of each counter the latest."""
    forgiven = {(each.key, each.origin, each.incarnation): each.cleared for each in _counts(side, user)}
    found: dict[Counter, _Ban] = {}
    for mark in side.house.state(Cell(Kind.BAN, user)).marks:
        read, node = _read(mark.what), uuid_of(mark.by.origin)
        if read is None or node is None or not _fits(mark.by.incarnation):
            continue
        device, ban = read
        if forgiven.get((_key(device), *mark.by[:2]), 0) < ban.since:
            which = Counter(device, node, mark.by.incarnation)
            found[which] = max(found.get(which, ban), ban, key=lambda each: each.since)
    return found


def _read(what: Any) -> tuple[bytes, _Ban] | None:
    """At which device, and the ban; None for what is none."""
    if (parts := parts_of(what)) is None:
        return None
    key, left, since = parts
    device = _device(key)
    good = number(since) is not None and (left is None or number(left) is not None)
    return (device, _Ban(since, left, came(what))) if device is not None and good else None
