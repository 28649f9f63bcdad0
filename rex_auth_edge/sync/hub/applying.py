"""What an answer changes at the hub: rows, cursors, acknowledgements and nonce, in the one transaction that is open."""

from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Change, Hello, Page, Pull, Pushed, Refusal, Row, Welcome, Why
from rex_auth_edge.sync.digest import hash_of
from rex_auth_edge.sync.hub.asking import Sent, any_waits, sent
from rex_auth_edge.sync.hub.settling import AT_ONCE, at_place, remember, settle
from rex_auth_edge.sync.hub.store import HubStore, Lost
from rex_auth_edge.sync.hub.welcoming import welcome
from rex_auth_edge.sync.kinds import is_cell, lane_of
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.merge import join, placed
from rex_auth_edge.sync.order import Lane, Position, Seen
from rex_auth_edge.sync.state import EMPTY, Cell
from rex_auth_edge.sync.wire import LARGEST_PLAIN, WireError, opened, pack_state, unpack_state

_ANSWERS = {each.__name__: each for each in (Page, Pushed, Welcome, Refusal)}


_NOTHING = pack_state(EMPTY)
_ANEW = frozenset({Why.GREET, Why.VERSION, Why.REPEATED})
"""Refusals after which the hub introduces itself, and makes the same request again as if it had never been made.

Who is told `repeated` isn't the only copy of this hub, or its whole disk was restored. The other may be the one
whom the cloud listens to: it learns of both by an introduction that says so, which nobody has made before.
"""
_UNDONE = frozenset({*_ANEW, Why.MALFORMED, Why.FORGED, Why.TOO_LARGE})
"""Refusals after which the request is made anew. Any other is one to wait after, and to ask again."""


def read(raw: bytes, most: int = AT_ONCE) -> list[Struct]:
    """An answer, and a page as so many smaller ones: each is for `apply`, in this order. Raises WireError."""
    said = opened(raw)
    answer = said.read(_ANSWERS.get(said.name, Refusal))
    return _smaller(answer, most) if isinstance(answer, Page) and len(answer.rows) > most else [answer]


def _smaller(page: Page, most: int) -> list[Struct]:
    """Pages of `most` rows, which end where the next begins. Only the last is whole, and says who is gone."""
    rows = page.rows
    ends = [page.after, *(rows[number - 1].at for number in range(most, len(rows), most)), page.upto]
    parts = [
        replace(page, after=after, upto=upto, whole=False, rows=rows[begin : begin + most], gone=(), pruned=0)
        for begin, (after, upto) in zip(range(0, len(rows), most), pairwise(ends), strict=True)
    ]
    return [*parts[:-1], replace(parts[-1], whole=page.whole, gone=page.gone, pruned=page.pruned)]


def apply(store: HubStore, request: bytes, answer: Struct, most: int = AT_ONCE) -> bool:
    """Take the answer to a request; what isn't waited for changes nothing. Raises WireError.

    Whether all is settled after it: where it isn't, `settle` goes on, in transactions of their own.
    """
    asked = opened(request, LARGEST_PLAIN)  # what is larger than it may be is refused for that
    waited = request == store.me().pending
    if isinstance(answer, Page) and asked.name == Pull.__name__:
        return _page(store, answer, most)
    if isinstance(answer, Welcome) and waited and asked.name == Hello.__name__:
        welcome(store, answer)
        return settle(store, most)
    if isinstance(answer, Pushed) and waited:
        return _pushed(store, sent(asked), answer, most)
    if isinstance(answer, Refusal) and (waited or asked.name == Pull.__name__):
        _refused(store, sent(asked), answer, waited=waited)
    return True


def _pushed(store: HubStore, push: Sent | None, answer: Pushed, most: int) -> bool:
    me = store.me()
    if push is None or push.upto.number != answer.upto:
        return True
    store.give(push.lane, push.upto.number, answer.at, sent=True)
    told = {row.cell for row in push.lost}
    for lost in store.lost():
        if lost.cell in told:
            store.put_lost(replace(lost, given=answer.at))
    heads = tuple(push.upto if lane == push.lane else head for lane, head in zip(Lane, me.heads, strict=True))
    durable = max(me.durable, answer.durable)
    past = me.past if any_waits(store) else me.whole
    store.put_me(replace(me, pending=b"", nonce=answer.nonce, heads=heads, durable=durable, past=past, told=answer.at))
    if answer.echo:
        _echoed(store, push, answer)
    return settle(store, most)


def _echoed(store: HubStore, push: Sent, answer: Pushed) -> None:
    """Nothing else has come in the lane: take what was sent as if it had been read, if it has come out the same.

    Not by a hub that is to read the lane anew: what it has of before may be what a restored cloud has forgotten.
    """
    me, lane = store.me(), push.lane
    if me.cursors[lane] < push.read:
        return
    rows = _rows_of(store, push.changes, answer.at)
    if answer.at.epoch != me.epoch or me.whole[lane] < push.read or hash_of(rows.values()) != answer.echo:
        return
    for cell, row in rows.items():
        _put_row(store, me, cell, row)
    whole = _put(me.whole, lane, max(me.whole[lane], answer.at))
    store.put_me(replace(me, cursors=_put(me.cursors, lane, max(me.cursors[lane], answer.at)), whole=whole))


def _rows_of(store: HubStore, changes: list[Change], last: Position) -> dict[Cell, Row]:
    """What the changes make of their cells, the last of them at that place."""
    cells = [change.cell for change in changes]
    store.prepare(cells)
    rows = {}
    for seq, (cell, change) in enumerate(zip(cells, changes, strict=True), last.seq - len(changes) + 1):
        at = Position(last.epoch, seq)
        rows[cell] = Row(cell.kind, cell.id, at, _made_of(store, cell, change, at))
    return rows


def _made_of(store: HubStore, cell: Cell, change: Change, at: Position) -> bytes:
    if store.row(cell) is None:
        return at_place(change.state, change.number, at)
    return pack_state(join(store.state(cell), placed(unpack_state(change.state), at)))


def _refused(store: HubStore, push: Sent | None, answer: Refusal, *, waited: bool) -> None:
    """Nothing was done: what was under way can be made anew, after introducing oneself."""
    me = store.me()
    if answer.code in _UNDONE:
        if waited:
            store.unsend()
        stuck = me.stuck
        if waited and push is not None and _sticks(push, answer.code):
            stuck = tuple({*stuck, push.lane})
        if waited and push is not None and answer.code in _ANEW:
            store.put_me(me := replace(me, tried=(*me.tried, (push.lane, push.upto))))
        greeted = me.greeted and answer.code not in _ANEW
        twice = me.twice or answer.code == Why.REPEATED
        store.put_me(replace(me, pending=b"" if waited else me.pending, greeted=greeted, stuck=stuck, twice=twice))
    elif answer.code == Why.REMOVED:
        store.put_me(replace(me, removed=True))
    elif answer.code == Why.LOCKED:
        store.put_me(replace(me, locked=True))


def _sticks(push: Sent, code: str) -> bool:
    """Whether asking for the same again would bring the same; of what is too large, the next request holds less."""
    return code not in _ANEW and not (code == Why.TOO_LARGE and len(push.changes) + len(push.lost) > 1)


def _page(store: HubStore, page: Page, most: int) -> bool:
    me = store.me()
    if page.partial:
        _only_revocations(store, page)
        return True
    if page.epoch != me.epoch or page.after != me.cursors[page.lane]:
        return True
    cells = [row.cell for row in page.rows]
    store.prepare(cells)
    for cell, row in zip(cells, page.rows, strict=True):
        _checked(cell, row, page)
        _put_row(store, me, cell, row)
    known = max(me.whole[page.lane], page.upto) if page.whole else me.whole[page.lane]
    whole = _put(me.whole, page.lane, known)
    cursors = _put(me.cursors, page.lane, page.upto)
    durable = max(me.durable, page.durable)
    store.put_me(replace(me, cursors=cursors, whole=whole, durable=durable, pruned=max(me.pruned, page.pruned)))
    if page.gone:
        store.bury(page.gone)
    return not page.whole or settle(store, most)


def _put_row(store: HubStore, me: Me, cell: Cell, row: Row) -> None:
    """A row that can't be read makes the page one that didn't come; what this hub has written itself can.

    A row doesn't go back, unless the cloud has forgotten what the hub has of it.
    """
    had = store.row(cell)
    if not (had is None and store.came(cell, row)):
        unpack_state(row.state)
    if had is not None and me.forgotten(had.at):
        remember(store, had)
    elif had is not None and had.at > row.at:
        return
    store.put_row(row)


def _checked(cell: Cell, row: Row, page: Page) -> None:
    """A row that belongs elsewhere makes the whole page one that didn't come."""
    if not is_cell(cell) or lane_of(row.kind) != page.lane or not row.at > page.after:
        raise WireError("The page holds what doesn't belong to it")


def _put(seen: Seen, lane: Lane, at: Position) -> Seen:
    security, identity, sessions, audit = (at if each == lane else seen[each] for each in Lane)
    return (security, identity, sessions, audit)


def _only_revocations(store: HubStore, page: Page) -> None:
    """What a hub that is locked out learns closes doors here, and is the cloud's already; what it was to tell isn't."""
    me = store.me()
    follows = page.after <= max(me.heard, me.cursors[page.lane])
    store.put_me(replace(me, locked=True, heard=max(me.heard, page.upto) if follows else me.heard))
    known = {lost.cell: lost for lost in store.lost()}
    for row in page.rows:
        had = known.get(row.cell, Lost(row.cell, _NOTHING, row.at))
        state = join(unpack_state(had.state), unpack_state(row.state))
        store.put_lost(Lost(row.cell, pack_state(state), None if had.given is None else row.at))
