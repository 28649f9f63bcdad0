"""A hub's own changes: each is in force here as it is written, and one row for each cell waits to be sent."""

from msgspec.structs import replace

from rex_auth_edge.sync.hub.store import Entry, HubStore
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.state import Cell, State
from rex_auth_edge.sync.wire import pack_state, unpack_state


def next_tag(store: HubStore) -> Tag:
    """What the change that is written next will be known by."""
    me = store.me()
    return Tag(me.id, me.incarnation, me.number + 1)


def write(store: HubStore, cell: Cell, state: State, actor: bytes | None = None) -> Entry:
    """Add the change, whose parts bear `next_tag` and no place. What waits for the same cell becomes one with it.

    A change that is under way or has been sent is left alone: what it says must not be said again as something later.
    """
    me = store.me()
    number = me.number + 1
    whole = state
    for former in store.unsent(cell):
        whole = join(unpack_state(former.state), whole)
        store.drop_entry(former)
    entry = Entry(cell, number, me.whole, pack_state(whole), actor)
    store.put_entry(entry, whole)
    store.put_me(replace(me, number=number))
    if state.secret is not None and state.secret.verifier is not None:
        store.keep(state.secret.by, state.secret.verifier)
    return entry
