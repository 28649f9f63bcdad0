"""What an answer changes at the hub: rows, cursors, acknowledgements and nonce, in the one transaction that is open."""

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.sync.digest import hash_of
from rex_auth_edge.sync.hub.asking import Sent, any_waits, sent
from rex_auth_edge.sync.hub.settling import at_place, settle, settle_lost
from rex_auth_edge.sync.hub.welcoming import welcome
from rex_auth_edge.sync.kinds import is_cell, lane_of
from rex_auth_edge.sync.merge import join, placed
from rex_auth_edge.sync.order import START, Lane, Position, Seen
from rex_auth_edge.sync.state import EMPTY, Cell
from rex_auth_edge.sync.store import HubStore, Lost, Me
from rex_auth_edge.sync.wire import (
    LARGEST_PLAIN,
    Change,
    Hello,
    Page,
    Pull,
    Pushed,
    Refusal,
    Row,
    Welcome,
    WireError,
    opened,
    pack_state,
    unpack_state,
)

_ANSWERS = {each.__name__: each for each in (Page, Pushed, Welcome, Refusal)}


_ANEW = frozenset({"greet", "version", "repeated"})
"""Refusals after which the hub introduces itself, and makes the same request again as if it had never been made.

Who is told `repeated` isn't the only copy of this hub, or its whole disk was restored. The other may be the one
whom the cloud listens to: it learns of both by an introduction that says so, which nobody has made before.
"""
_UNDONE = frozenset({*_ANEW, "malformed", "forged", "too_large"})
"""Refusals after which the request is made anew. Any other is one to wait after, and to ask again."""


def apply(store: HubStore, request: bytes, raw: bytes) -> Struct:
    """Take the answer to a request, and say what it was. What isn't waited for changes nothing. Raises WireError."""
    said, asked = opened(raw), opened(request, LARGEST_PLAIN)  # what is larger than it may be is refused for that
    answer = said.read(_ANSWERS.get(said.name, Refusal))
    waited = request == store.me().pending
    if isinstance(answer, Page) and asked.name == Pull.__name__:
        _page(store, answer)
    elif isinstance(answer, Welcome) and waited and asked.name == Hello.__name__:
        welcome(store, answer)
    elif isinstance(answer, Pushed) and waited:
        _pushed(store, sent(asked), answer)
    elif isinstance(answer, Refusal) and (waited or asked.name == Pull.__name__):
        _refused(store, sent(asked), answer, waited=waited)
    return answer


def _pushed(store: HubStore, push: Sent | None, answer: Pushed) -> None:
    me = store.me()
    if push is None or push.upto.number != answer.upto:
        return
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
    settle(store)


def _echoed(store: HubStore, push: Sent, answer: Pushed) -> None:
    """Nothing else has come in the lane: take what was sent as if it had been read, if it has come out the same."""
    me, lane = store.me(), push.lane
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
        greeted = me.greeted and answer.code not in _ANEW
        twice = me.twice or answer.code == "repeated"
        store.put_me(replace(me, pending=b"" if waited else me.pending, greeted=greeted, stuck=stuck, twice=twice))
    elif answer.code == "removed":
        store.put_me(replace(me, removed=True))
    elif answer.code == "locked":
        store.put_me(replace(me, locked=True))


def _sticks(push: Sent, code: str) -> bool:
    """Whether asking for the same again would bring the same; of what is too large, the next request holds less."""
    return code not in _ANEW and not (code == "too_large" and len(push.changes) + len(push.lost) > 1)


def _page(store: HubStore, page: Page) -> None:
    me = store.me()
    if page.partial:
        _only_revocations(store, page)
    if page.partial or page.epoch != me.epoch or page.after != me.cursors[page.lane]:
        return
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
    for subject in page.gone:
        for kind in list(store.kinds(subject)):
            store.drop_row(Cell(kind, subject))
    if page.whole:
        _drop_forgotten(store, page.lane)
        settle(store)
        settle_lost(store, page.lane)


def _put_row(store: HubStore, me: Me, cell: Cell, row: Row) -> None:
    """A row that can't be read makes the page one that didn't come; what this hub has written itself can.

    A row doesn't go back, unless the cloud has forgotten what the hub has of it.
    """
    had = store.row(cell)
    if not (had is None and store.came(cell, row)):
        unpack_state(row.state)
    if had is None or had.at <= row.at or me.forgotten(had.at):
        store.put_row(row)


def _checked(cell: Cell, row: Row, page: Page) -> None:
    """A row that belongs elsewhere makes the whole page one that didn't come."""
    if not is_cell(cell) or lane_of(row.kind) != page.lane or not row.at > page.after:
        raise WireError("The page holds what doesn't belong to it")


def _put(seen: Seen, lane: Lane, at: Position) -> Seen:
    security, identity, sessions, audit = (at if each == lane else seen[each] for each in Lane)
    return (security, identity, sessions, audit)


def _drop_forgotten(store: HubStore, lane: Lane) -> None:
    """What a restored cloud has forgotten, and not got again from anybody, is no more."""
    me = store.me()
    for row in store.rows(lane) if me.cuts else ():
        if me.forgotten(row.at):
            store.drop_row(row.cell)


def _only_revocations(store: HubStore, page: Page) -> None:
    """What a hub that is locked out learns closes doors here, and is the cloud's already; what it was to tell isn't."""
    store.put_me(replace(store.me(), locked=True))
    known = {lost.cell: lost for lost in store.lost()}
    for row in page.rows:
        had = known.get(row.cell) or Lost(row.cell, pack_state(EMPTY), START)
        state = join(unpack_state(had.state), unpack_state(row.state))
        store.put_lost(replace(had, state=pack_state(state)))
