"""Bodies about synchronisation, as a household's people see it. Times are RFC 3339."""

import msgspec


class Waiting(msgspec.Struct):
    """How many of the hub's own changes the cloud has yet to take, by how urgent they are."""

    security: int
    identity: int
    sessions: int
    audit: int


class Sync(msgspec.Struct):
    """How synchronisation stands: in one line (`summary`), in `sentences` where there is more, and in facts.

    `reviews` are changes that wait for an owner, `conflicts` those that were decided against somebody, `repairs`
    differences that were found and mended. In the cloud nothing waits. `trouble` is why the latest round failed; while
    it is paused, only what somebody has to do something about.
    """

    enrolled: bool
    summary: str
    sentences: list[str]
    cloud: str
    waiting: Waiting
    reached_at: str | None
    agreed_at: str | None
    trouble: str | None
    paused: bool
    paused_at: str | None
    reviews: int
    conflicts: int
    repairs: int


class Review(msgspec.Struct):
    """A change that was held back: what it would do, why it waits (`code` for programs), and who had made it.

    `decided_at` is when it was held, by the cloud's clock, where that is known.
    """

    id: str
    what: str
    why: str
    code: str
    by: str | None
    decided_at: str | None


class Notice(msgspec.Struct):
    """What was decided against somebody; `about` is their id, or that of a thing; `decided_at` as in Review."""

    id: str
    about: str
    code: str
    says: str
    decided_at: str | None


class Reviews(msgspec.Struct):
    """What owners have to look at: what waits for them, and what has been decided."""

    reviews: list[Review]
    notices: list[Notice]


class Notices(msgspec.Struct):
    """What was decided against the caller."""

    notices: list[Notice]
