"""Bodies of guests' passes."""

import msgspec


class MakePass(msgspec.Struct):
    """For whom, and what it opens (`scopes`, with spaces between).

    `starts` (now without it) and `ends` are lengths of time from now and from the start, such as 8h, or times with
    their zone (RFC 3339).
    """

    name: str | None = None
    scopes: str | None = None
    starts: str | None = None
    ends: str | None = None


class MadePass(msgspec.Struct):
    """A new pass. `secret` and `link` are told this once; `token` is what doors check, for a day at most."""

    message: str
    id: str
    secret: str
    link: str
    token: str | None
    begins_at: str
    ends_at: str


class Pass(msgspec.Struct):
    """One of the household's passes; `status` is coming, open, over or revoked."""

    id: str
    name: str
    scopes: list[str]
    status: str
    begins_at: str
    ends_at: str
    created_at: str
    made_by: str | None
    seen_at: str | None
    seen_from: str | None


class Passes(msgspec.Struct):
    """The household's passes, the newest first."""

    passes: list[Pass]


class ShowPass(msgspec.Struct):
    """The secret of a pass's link."""

    secret: str | None = None


class PassToken(msgspec.Struct):
    """A pass as its guest holds it; `access_token` is null while it begins more than a day from now."""

    access_token: str | None
    token_type: str
    expires_in: int
    scope: str
    name: str
    begins_at: str
    ends_at: str
