"""Where a hub stands with its household's cloud: what its database and the copy beside it say."""

from msgspec import Struct

from rex_auth_edge.sync.bodies import Head
from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, Seen

HEADS: tuple[Head, Head, Head, Head] = (Head(), Head(), Head(), Head())


class Me(Struct, frozen=True):
    """Where a hub stands. A copy lies outside of its database, written after each commit.

    `number` is that of its latest change, whatever the lane; `heads` are by lane the ends of those that the cloud has.
    `nonce` is what the next request has to show that changes something, `key` the public half with which it is signed,
    `next_key` the one that the next introduction names. `greeted`: it has introduced itself, and needn't anew. `locked`
    and `removed` are what the cloud has said. `durable`: up to there the cloud can lose nothing any more; `pruned`: of
    those whom it has forgotten, and numbered, the hub knows up to this one. `commits` are counted, so that a database
    of before is known by fewer.

    `told` is the furthest place of which an answer with a nonce has told it. `cursors` say up to where it has read;
    `whole`, up to where it knows all; `past`, what it had seen at least when it wrote the oldest of what waits.
    `pending` is the request that has to be answered before another is made, to the byte. `restored`: the database is
    older than the copy, and the hub writes nothing until it is another incarnation. `cuts`: what is later than this
    place, of epochs up to this one, a restored cloud has forgotten. `stuck` lanes have been refused, and wait until
    nothing else does. `version` is that of the exchange which both have agreed on. `twice`: what it asked was answered
    before, and something else since, so that there is another copy of it.

    Until what an introduction has begun is done, a part at a time, nothing is sent: `back` are the numbers, by lane,
    past which its own changes are to wait again; `reborn`, while those are written again as another incarnation's, the
    one before, the number up to which the cloud knew that, and up to where it is done. `untold`: what was done here
    before, or while the hub was silent, has yet to be written as changes, before anything of the cloud's is taken.
    `tried` is to where it would have got, by lane, with what an introduction has undone: the cloud may have taken that,
    and the answer was lost.

    `heard`: up to where a hub that is locked out has been told what closes doors.
    """

    id: bytes
    incarnation: int
    number: int
    heads: tuple[Head, ...]
    nonce: bytes
    epoch: int = 0
    told: Position = START
    cursors: Seen = NOTHING
    whole: Seen = NOTHING
    past: Seen = NOTHING
    durable: Position = START
    pruned: int = 0
    pending: bytes = b""
    greeted: bool = False
    restored: bool = False
    locked: bool = False
    removed: bool = False
    key: bytes = b""
    next_key: bytes = b""
    cuts: tuple[tuple[Position, int], ...] = ()
    commits: int = 0
    stuck: tuple[Lane, ...] = ()
    version: int = 1
    twice: bool = False
    back: tuple[int, ...] = ()
    reborn: tuple[int, int, int] | None = None
    untold: bool = False
    tried: tuple[tuple[Lane, Head], ...] = ()
    heard: Position = START

    @property
    def silent(self) -> bool:
        """Whether what is done here isn't written as changes: while the hub may not be itself."""
        return self.restored or self.locked or self.removed or self.reborn is not None

    @property
    def met(self) -> bool:
        """Whether what an introduction has begun is done."""
        return not self.back and self.reborn is None

    def cut_before(self, at: Position) -> Position | None:
        """The place from which a restored cloud has gone on without this one; None where it knows it."""
        return min((cut for cut, epoch in self.cuts if at > cut and at.epoch <= epoch), default=None)

    def forgotten(self, at: Position) -> bool:
        """Whether the cloud has been restored to before this place, and knows nothing of it."""
        return self.cut_before(at) is not None
