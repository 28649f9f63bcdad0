"""The hub's next request. What changes something at the cloud is written down first, and repeated until answered."""

from collections.abc import Callable
from itertools import accumulate

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.sync.bodies import MOST_CHANGES, NEWEST, OLDEST, Change, Head, Hello, Pull, Push, Row
from rex_auth_edge.sync.digest import link
from rex_auth_edge.sync.house import House, kept_home
from rex_auth_edge.sync.hub.settling import forgotten
from rex_auth_edge.sync.hub.store import Entry, HubStore
from rex_auth_edge.sync.kinds import Kind, lane_of
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.wire import Opened, UnspokenError, encode, pack_state, unpack_state

_LARGEST, _AROUND = 240 * 1024, 48
"""Bytes of a request's changes before they are compressed, and of what is around each and can't be."""

_ALTERED = frozenset({Kind.PASSWORD, Kind.BAN})
"""Kinds of which something else may be sent than was written."""

Measured = Callable[[Cell, State], State]
"""What of a ban's marks is left now."""


def _as_it_is(_cell: Cell, state: State) -> State:
    return state


def push(store: HubStore, most: int = MOST_CHANGES, measured: Measured = _as_it_is) -> bytes | None:
    """The next request that changes something: what is pending, a Hello, or a lane's changes; None where nothing waits.

    Nor is there one before all is settled that the last Hello has begun. The security lane goes first;
    of a batch there are `most` changes at most.
    """
    me = store.me()
    if not me.met:
        return None
    if me.pending:
        return me.pending
    if not me.greeted:
        return _pend(store, _hello(me))
    for lane in sorted(Lane, key=lambda each: (each in me.stuck, each)):
        lost = [each for each in store.lost() if lane_of(each.cell.kind) == lane and each.given is None][:most]
        entries = _fitting(store.waiting(lane, most - len(lost))) if most > len(lost) else []
        if lost or entries:
            rows = tuple(Row(each.cell.kind, each.cell.id, me.durable, each.state) for each in lost)
            return _pend(store, _batch(store, lane, entries, rows, measured))
    return None


def _fitting(waiting: list[Entry]) -> list[Entry]:
    """As many as one request has room for, and one in any case."""
    sizes = accumulate(len(entry.state) + _AROUND for entry in waiting)
    return waiting[: max(1, sum(size <= _LARGEST for size in sizes))]


def _pend(store: HubStore, request: Hello | Push) -> bytes:
    raw = encode(request, store.me().version)
    store.put_me(replace(store.me(), pending=raw))
    return raw


def _hello(me: Me) -> Hello:
    return Hello(
        nonce=me.nonce,
        incarnation=me.incarnation,
        number=me.number,
        epoch=me.epoch,
        heads=tuple((me.heads[lane], *(to for of, to in me.tried if of == lane)) for lane in Lane),
        oldest=OLDEST,
        newest=NEWEST,
        restored=me.restored,
        next_key=me.next_key or None,
        told=max(me.told, *me.cursors, *me.whole),
        twice=me.twice,
    )


def _batch(store: HubStore, lane: Lane, entries: list[Entry], lost: tuple[Row, ...], measured: Measured) -> Push:
    me, shown = store.me(), store.shown
    changes = tuple(_outgoing(each, shown, measured) for each in entries)
    after: Head = me.heads[lane]
    last = entries[-1].number if entries else after.number
    store.send(lane, last)
    upto = link(after, lane, last, changes)
    told = max(me.told, *me.cursors, *me.whole)
    return Push(me.nonce, me.incarnation, me.epoch, lane, after, upto, changes, lost, told, me.whole[lane])


def _outgoing(entry: Entry, shown: House, measured: Measured) -> Change:
    """The change for the line: a verifier that is to stay at home isn't in it, and of a ban what is left of it now."""
    cell, packed = entry.cell, entry.state
    if cell.kind in _ALTERED:
        packed = _altered(cell, packed, shown, measured)
    return Change(cell.kind, cell.id, entry.number, entry.seen, packed, entry.actor)


def _altered(cell: Cell, packed: bytes, shown: House, measured: Measured) -> bytes:
    if cell.kind == Kind.BAN:
        return pack_state(measured(cell, unpack_state(packed)))
    return pack_state(_without_verifier(unpack_state(packed))) if kept_home(shown, cell.id) else packed


def _without_verifier(state: State) -> State:
    return replace(state, secret=state.secret and replace(state.secret, verifier=None, withheld=True))


def pull(store: HubStore, lane: Lane) -> bytes:
    """Ask for the lane's next rows, and whether both ends agree on those before."""
    me = store.me()
    past = me.past if any_waits(store) else me.whole
    known = me.cursors[lane] == me.whole[lane] and not forgotten(store, lane, 1)
    root = store.tree(lane).root if known else b""
    return encode(Pull(me.epoch, lane, me.cursors[lane], past, me.pruned, root, me.heard), me.version)


def any_waits(store: HubStore) -> bool:
    """Whether the cloud has yet to get something of the hub's own."""
    return not store.me().met or any(store.waiting(lane, 1) for lane in Lane)


class Sent(Struct, frozen=True):
    """Of a Push, what the hub has to know again when its answer comes."""

    lane: Lane
    upto: Head
    packed: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"\x90"), name="changes")
    lost: tuple[Row, ...] = ()
    read: Position = START

    @property
    def changes(self) -> list[Change]:
        """Its changes, unpacked when they are asked for."""
        return msgspec.msgpack.decode(self.packed, type=list[Change])


def sent(request: Opened) -> Sent | None:
    """What this push has told; None where it is none, or none that this program can read any more."""
    try:
        return request.read(Sent, Push.__name__) if request.name == Push.__name__ else None
    except UnspokenError:
        return None
