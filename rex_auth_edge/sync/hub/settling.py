"""When a change of one's own has come back, and when it may be forgotten."""

import msgspec

from rex_auth_edge.sync.kinds import lane_of
from rex_auth_edge.sync.merge import join, placed
from rex_auth_edge.sync.order import UNSENT, Lane, Position
from rex_auth_edge.sync.state import EMPTY
from rex_auth_edge.sync.store import Entry, HubStore
from rex_auth_edge.sync.wire import Row, pack_state, unpack_state

_pack = msgspec.msgpack.Encoder().encode


def at_place(packed: bytes, number: int, at: Position) -> bytes:
    """A change at its place, where nothing of it is older than the change itself: whoever asks compares the outcome."""
    return packed.replace(_pack((UNSENT, number)), _pack(at))


def is_echo(entry: Entry, row: Row) -> bool:
    """Whether the row is nothing but this change, at its place."""
    alone = join(EMPTY, placed(unpack_state(entry.state), row.at))
    return entry.cell == row.cell and pack_state(alone) == row.state


def settle(store: HubStore) -> None:
    """Take off what the hub has got back, and forget what is durable as well.

    It has got it back once it knows all of the lane up to its place; having read up to there in the middle of a pull
    isn't enough, since the cell may have moved on.
    """
    me = store.me()
    for lane in Lane:
        store.settle(lane, me.whole[lane], me.durable)


def settle_lost(store: HubStore, lane: Lane) -> None:
    """Forget what the cloud had forgotten, once it has come back from there."""
    me = store.me()
    for lost in store.lost():
        if lane_of(lost.cell.kind) == lane and lost.given is not None and lost.given <= me.whole[lane]:
            store.drop_lost(lost.cell)
