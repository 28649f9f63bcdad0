"""When a change of one's own has come back, and when it may be forgotten."""

import msgspec

from rex_auth_edge.sync.bodies import Row
from rex_auth_edge.sync.hub.store import Entry, HubStore
from rex_auth_edge.sync.hub.welcoming import go_on, tell_again
from rex_auth_edge.sync.kinds import closing, lane_of
from rex_auth_edge.sync.merge import join, placed
from rex_auth_edge.sync.order import UNSENT, Lane, Position, unsent
from rex_auth_edge.sync.state import EMPTY
from rex_auth_edge.sync.wire import pack_state, unpack_state

AT_ONCE = 500
"""Rows that one transaction takes: a hub has one writer, and whoever signs in waits for it."""
_pack = msgspec.msgpack.Encoder().encode


def at_place(packed: bytes, number: int, at: Position) -> bytes:
    """A change at its place, where nothing of it is older than the change itself: whoever asks compares the outcome."""
    return packed.replace(_pack((UNSENT, number)), _pack(at))


def is_echo(entry: Entry, row: Row) -> bool:
    """Whether the row is nothing but this change, at its place."""
    alone = join(EMPTY, placed(unpack_state(entry.state), row.at))
    return entry.cell == row.cell and pack_state(alone) == row.state


def settle(store: HubStore, most: int = AT_ONCE) -> bool:
    """Take off what the hub has got back, and forget what is durable as well, `most` at a time: whether that was all.

    First comes what an introduction has begun.

    It has got it back once it knows all of the lane up to its place; having read up to there in the middle of a pull
    isn't enough, since the cell may have moved on. What is left lies on what has come a little longer, as it did
    during the pull.
    """
    left = most - go_on(store, most)
    me = store.me()
    for lane in Lane if me.met else ():
        gone = forgotten(store, lane, left)
        for row in gone:
            remember(store, row)
            store.drop_row(row.cell)
        left = max(0, left - len(gone))
        left = max(0, left - store.settle(lane, me.whole[lane], me.durable, left))
    back = [each for each in store.lost() if each.given is not None and each.given <= me.whole[lane_of(each.cell.kind)]]
    for lost in back[:left]:
        store.drop_lost(lost.cell)
    return left > len(back)


def remember(store: HubStore, row: Row) -> None:
    """A row goes that a restored cloud has forgotten: what of it closes doors is told again, whoever wrote it."""
    cut = store.me().cut_before(row.at)
    if cut is not None:
        tell_again(store, row.cell, placed(closing(row.kind, unpack_state(row.state)), unsent(0), after=cut))


def forgotten(store: HubStore, lane: Lane, most: int) -> list[Row]:
    """What a restored cloud has forgotten, and not got again from anybody, `most` at a time: it is no more.

    Nobody knows before all of the lane has been read anew.
    """
    me = store.me()
    if me.whole[lane].epoch != me.epoch:
        return []
    found = {row.cell: row for cut, _ in me.cuts for row in store.rows(lane, cut, most) if me.forgotten(row.at)}
    return list(found.values())[:most]
