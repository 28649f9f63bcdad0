"""Where to go on from: after a start, after the cloud was restored, or as another incarnation."""

from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Welcome
from rex_auth_edge.sync.hub.restoring import begin_again
from rex_auth_edge.sync.hub.store import Entry, HubStore, Lost
from rex_auth_edge.sync.kinds import Kind, closing
from rex_auth_edge.sync.me import HEADS, Me
from rex_auth_edge.sync.merge import join, placed
from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, Seen, unsent
from rex_auth_edge.sync.own import reissued
from rex_auth_edge.sync.state import EMPTY, Cell, State
from rex_auth_edge.sync.wire import pack_state, unpack_state


def welcome(store: HubStore, answer: Welcome) -> None:
    """Take the cloud's answer to a Hello."""
    me = store.me()
    met = replace(me, pending=b"", nonce=answer.nonce, greeted=True, locked=False, stuck=(), key=answer.key or me.key)
    met = replace(met, told=max(me.told, answer.head), version=answer.version, twice=False, heard=START, tried=())
    store.put_me(replace(met, next_key=b"" if answer.key == me.next_key else me.next_key))
    if answer.epoch != me.epoch:
        _new_epoch(store, answer)
    if answer.incarnation != me.incarnation:
        _be_reborn(store, answer)
    else:
        _acknowledge(store, answer)
        store.put_me(replace(store.me(), heads=answer.heads))


def enter_again(store: HubStore, key: bytes, nonce: bytes) -> None:
    """An owner lets the hub in anew, by this key: it goes on with what it has, and introduces itself.

    Of one that is there twice the numbers mean nothing: what it hasn't got back it writes again, though restored.
    """
    store.unsend()
    me = store.me()
    anew = replace(me, key=key, next_key=b"", nonce=nonce, pending=b"", restored=me.restored and not me.locked)
    store.put_me(replace(anew, greeted=False, locked=False, removed=False, twice=False, untold=True))


def _acknowledge(store: HubStore, answer: Welcome) -> None:
    """What the cloud has of this incarnation, though its answer never came."""
    for lane in Lane:
        store.give(lane, answer.heads[lane].number, answer.head, sent=False)


def _new_epoch(store: HubStore, answer: Welcome) -> None:
    """The cloud has been restored: read all of it anew, and tell it again what it lacks.

    What the hub had got that the cloud has forgotten stays here until the cloud's own is read. What it was told by the
    cloud as it is now, being locked out, keeps its place: whoever has seen it, or lifted it, has done so.

    Whom it has forgotten since its end it has numbered anew: a hub that has anything is told of all of those.
    """
    me = store.me()
    began = me.epoch == 0
    store.unsend()
    for lost in store.lost():
        anew = placed(unpack_state(lost.state), unsent(0), after=answer.began, before=Position(answer.epoch, 0))
        store.put_lost(replace(lost, state=pack_state(anew), given=None))
    cuts = me.cuts if began else (*me.cuts, (answer.began, me.epoch))
    whole = me.whole if began else _at_most(me.whole, answer.began)
    pruned = answer.pruned if began else 0
    met = replace(me, epoch=answer.epoch, cursors=NOTHING, whole=whole, past=NOTHING, cuts=cuts, durable=answer.durable)
    store.put_me(replace(met, pruned=pruned, back=tuple(head.number for head in answer.heads)))


def _at_most(seen: Seen, cut: Position) -> Seen:
    security, identity, sessions, audit = (min(each, cut) for each in seen)
    return (security, identity, sessions, audit)


def _be_reborn(store: HubStore, answer: Welcome) -> None:
    """Another incarnation writes again what the cloud hasn't got of the one before, with what it had seen then."""
    me = store.me()
    for lane in Lane if me.restored else ():
        store.give(lane, answer.heads[lane].number, answer.head, sent=False)
    number = max([me.number, *(head.number for head in answer.heads)])
    known = max(head.number for head in me.heads)
    another = replace(me, incarnation=answer.incarnation, number=number, heads=HEADS, restored=False, cursors=NOTHING)
    store.put_me(replace(another, reborn=(me.incarnation, known, 0)))


def go_on(store: HubStore, most: int) -> int:
    """Do `most` of what an introduction has begun, or what is left of it: how much that was."""
    done = _write_again(store, most)
    return done + _take_back(store, most - done) if done < most else done


def _write_again(store: HubStore, most: int) -> int:
    me = store.me()
    if me.reborn is None:
        return 0
    former, known, done = me.reborn
    some = store.entries(done, most)
    for entry in some:
        before = unpack_state(entry.state)
        after = reissued(before, former, me.incarnation, me.id, known)
        if after.secret is not None and after.secret.verifier is not None:
            store.keep(after.secret.by, after.secret.verifier)
        store.put_entry(replace(entry, state=pack_state(after), sent=False))
        if entry.given is not None and not entry.passed and entry.cell.kind != Kind.AUDIT:
            # What the cloud has by its number may have been left out there for what came later, and that is lost here.
            tell_again(store, entry.cell, closing(entry.cell.kind, before))
    if len(some) == most:
        store.put_me(replace(me, reborn=(former, known, some[-1].number)))
    else:
        store.put_me(replace(me, reborn=None))
        begin_again(store)
    return len(some)


def tell_again(store: HubStore, cell: Cell, part: State) -> None:
    """The cloud may not have this of the cell, which closes doors: it goes there with what else may be lost of it."""
    if part != EMPTY:
        told = store.lost_of(cell)
        store.put_lost(Lost(cell, pack_state(join(EMPTY if told is None else unpack_state(told.state), part))))


def _take_back(store: HubStore, most: int) -> int:
    """The last first, since what the cloud has is always all up to a number."""
    left = most
    for lane, after in zip(Lane, store.me().back, strict=False):
        some = store.latest(lane, after, left) if left else []
        for entry in some:
            store.put_entry(_at_its_place(entry))
        if left:
            left -= len(some)
            store.take_back(lane, after if left else some[-1].number - 1)
    if left and store.me().back:
        store.put_me(replace(store.me(), back=()))
    return most - left


def _at_its_place(entry: Entry) -> Entry:
    """The same, its fields at the place that they had: told again in any order, the later one still wins."""
    state = unpack_state(entry.state)
    fields = placed(State(fields=state.fields), entry.given or START).fields
    return replace(entry, state=pack_state(replace(state, fields=fields)))


def seal(store: HubStore) -> Me:
    """End a transaction: what this gives is to be copied to outside of the database once that is committed."""
    me = store.me()
    sealed = replace(me, commits=me.commits + 1)
    store.put_me(sealed)
    return sealed


def start(store: HubStore, copy: Me | None) -> bool:
    """Compare the database with its copy, at each start; say whether it was restored.

    Then the hub writes nothing until the cloud has made it another incarnation; what was under way is in the copy. A
    database that has lost commits in which nobody wrote anything, as on a disk that lies, goes on from the copy.
    """
    me = store.me()
    store.put_me(replace(me, greeted=False))
    if copy is None or me.commits >= copy.commits:
        return False
    restored = (me.incarnation, me.number) != (copy.incarnation, copy.number)
    going_on = replace(me, nonce=copy.nonce, pending=copy.pending, key=copy.key, next_key=copy.next_key)
    going_on = replace(going_on, told=copy.told, tried=copy.tried)
    ends = me.heads if restored else copy.heads
    store.put_me(replace(going_on, heads=ends, commits=copy.commits, greeted=False, restored=me.restored or restored))
    return me.restored or restored
