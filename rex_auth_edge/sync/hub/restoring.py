"""What a hub says once it is another incarnation: what it vouched for before, it can't any more.

Codes, resets and refresh tokens never leave the hub; whoever holds its tables ends those of before as well.
"""

import hashlib

from rex_auth_edge.sync.house import RESTORED
from rex_auth_edge.sync.hub.store import HubStore
from rex_auth_edge.sync.hub.writing import next_tag, write
from rex_auth_edge.sync.kinds import PENDING, REVOKED, Kind
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import EMPTY, Cell
from rex_auth_edge.sync.wire import pack_state


def begin_again(store: HubStore) -> None:
    """End the sessions that this hub has begun and take back its invitations; owners are to look at what there is.

    One mark ends the sessions, since the hub may not know any more which there were.
    """
    me = store.me()
    write(store, Cell(Kind.HUB, me.id), _pen(store).mark(RESTORED))
    for invitation in list(store.shown.subjects(Kind.INVITATION)):
        rung = store.shown.state(Cell(Kind.INVITATION, invitation)).rung
        if rung is not None and rung.step == PENDING and rung.by.origin == me.id:
            write(store, Cell(Kind.INVITATION, invitation), _pen(store).climb(REVOKED))
    pen = _pen(store)
    told = pen.climb(PENDING, kind=Kind.HUB.value, id=me.id, state=pack_state(EMPTY), why=RESTORED)
    write(store, Cell(Kind.REVIEW, _review_of(me.id, pen)), told)


def _pen(store: HubStore) -> Pen:
    return Pen(next_tag(store), store.me().whole)


def _review_of(hub: bytes, pen: Pen) -> bytes:
    return hashlib.blake2b(repr((hub, tuple(pen.tag))).encode(), digest_size=16).digest()
