"""How a household's synchronisation stands on a hub: facts, which `words` puts into sentences."""

from msgspec import Struct

from rex_auth_edge.sync.order import Lane


class Status(Struct, frozen=True, kw_only=True):
    """Times are in milliseconds since 1970 by the hub's clock.

    `waiting` are the hub's own changes that the cloud has yet to take, by lane. `reached_at` is when the cloud last
    answered, `agreed_at` when both ends last had the same digests. `trouble` is a code for why the latest round failed,
    `retry_at` when the next begins; while it is paused, since `paused_at`, `trouble` is only what somebody has to do
    something about. `reading`: the hub doesn't know all yet that the cloud had when it was last asked. `reviews` are
    changes that wait for an owner, `conflicts` those that were decided against somebody, `repairs` differences that
    were found and mended. `hubs` is how many there are, in the cloud; there, `reached_at` is when one of them was last
    heard, `silent_since` when the one was that is silent for longest, and `outdated` or `ahead` that one of them has a
    program that is too old or too new for it.
    """

    enrolled: bool
    cloud: str = ""
    waiting: tuple[int, int, int, int] = (0, 0, 0, 0)
    reached_at: int | None = None
    agreed_at: int | None = None
    trouble: str | None = None
    retry_at: int | None = None
    paused: bool = False
    paused_at: int | None = None
    locked: bool = False
    removed: bool = False
    restored: bool = False
    reading: bool = False
    reviews: int = 0
    conflicts: int = 0
    hubs: int | None = None
    silent_since: int | None = None
    outdated: bool = False
    ahead: bool = False
    repairs: int = 0

    @property
    def urgent(self) -> int:
        """Of what waits, what ends or bars something."""
        return self.waiting[Lane.SECURITY]
