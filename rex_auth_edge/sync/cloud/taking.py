"""A push: a lane's changes, all of them or none."""

from functools import partial
from itertools import pairwise

from rex_auth_edge.sync.bodies import MOST_CHANGES, Change, Push, Pushed, Refusal, Why
from rex_auth_edge.sync.cloud.epochs import has_forgotten
from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.cloud.store import CloudStore, End
from rex_auth_edge.sync.digest import hash_of, link
from rex_auth_edge.sync.kinds import Kind, is_cell, lane_of
from rex_auth_edge.sync.order import Position, Tag
from rex_auth_edge.sync.own import is_own, may_be_forgotten, only_news
from rex_auth_edge.sync.state import Cell, Incoming
from rex_auth_edge.sync.wire import unpack_state


def take(store: CloudStore, ordering: Ordering, fresh: bytes, hub: bytes, push: Push) -> Pushed | Refusal:
    """Give each change its place, in the hub's order. Raises WireError for what can't be read.

    The cloud itself is no hub: nobody ends what it has let in, or the sessions begun there, by a cell about it.
    """
    member, standing = store.member(hub), store.standing()
    if member is None or member.incarnation != push.incarnation or push.epoch != standing.at.epoch:
        return Refusal(Why.GREET)
    if store.end(hub, push.incarnation, push.lane).head != push.after:
        return Refusal(Why.GREET)
    changes = [unpacked(hub, push.incarnation, change) for change in push.changes]
    lost = [(row.cell, unpack_state(row.state)) for row in push.lost]
    cells = [*(cell for cell, _ in lost), *(change.cell for change in changes)]
    if Cell(Kind.HUB, ordering.cloud) in cells or not all(may_be_forgotten(state, standing.at) for _, state in lost):
        return Refusal(Why.FORGED)
    if not _in_order(push, cells) or not all(is_own(change, standing.at) for change in changes):
        return Refusal(Why.FORGED)
    store.prepare(cells)
    alone = not push.lost and not store.rows(push.lane, push.read, 1)
    for cell, state in lost:
        ordering.take_lost(hub, cell, state)
    for change in changes:
        ordering.take(only_news(change, partial(has_forgotten, standing)), member.refresh)
    at = store.standing().at
    store.put_end(hub, push.incarnation, push.lane, End(push.upto, at))
    echo = _echo(store, changes, standing.at, at) if alone else b""
    return Pushed(fresh, push.upto.number, at, standing.durable, echo)


def _echo(store: CloudStore, changes: list[Incoming], before: Position, at: Position) -> bytes:
    """The hash of the changes' rows, where each has the next place and nothing else has one."""
    rows = [row for change in changes if (row := store.row(change.cell)) is not None]
    places = [(at.epoch, before.seq + 1 + each) for each in range(len(changes))]
    return hash_of(rows) if [row.at for row in rows] == places and places[-1:] == [at] else b""


def unpacked(origin: bytes, incarnation: int, change: Change) -> Incoming:
    """The change as the rules read it. Who wrote it is who sent it, whatever it says."""
    tag = Tag(origin, incarnation, change.number)
    return Incoming(change.cell, tag, change.seen, unpack_state(change.state), change.actor)


def _in_order(push: Push, cells: list[Cell]) -> bool:
    numbers = [push.after.number, *(change.number for change in push.changes)]
    rising = all(one < other for one, other in pairwise(numbers))
    fitting = all(map(is_cell, cells)) and all(lane_of(cell.kind) == push.lane for cell in cells)
    whole = link(push.after, push.lane, push.upto.number, push.changes) == push.upto
    few = len(push.changes) + len(push.lost) <= MOST_CHANGES
    return rising and fitting and whole and few and numbers[-1] <= push.upto.number
