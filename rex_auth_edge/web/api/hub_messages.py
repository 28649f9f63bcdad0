"""What requests and answers about a household's hubs say. Times are RFC 3339."""

from msgspec import Struct

from rex_auth_edge.web.api.sync_messages import Notice


class Hub(Struct):
    """`state` is active, locked (there are two of it), removed, outdated (too old for the cloud), or ahead of it."""

    id: str
    name: str
    state: str
    seen_at: str


class Hubs(Struct):
    """The household's hubs."""

    hubs: list[Hub]


class Removed(Struct):
    """`notices` are what of a stolen hub's doing was taken back, or still stands; owners are told it until cleared."""

    message: str
    notices: list[Notice]


class Claim(Struct):
    """A claim code, told this once."""

    message: str
    code: str
    expires_at: str

    def __repr__(self) -> str:
        return "Claim(***)"
