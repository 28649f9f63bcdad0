"""What an access token says before it is checked: where to look for the key of another node's."""

from uuid import UUID

import msgspec

from rex_auth_edge.keys.tokens import LONGEST, unbase64

_SEGMENTS = 3


class Named(msgspec.Struct, frozen=True):
    """What a token says of itself before anybody has checked it: by which key, in which household, of what session."""

    kid: str
    household: UUID
    session_id: UUID


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


class _Unchecked(msgspec.Struct, frozen=True):
    household: UUID
    session_id: UUID


def named(token: str) -> Named | None:
    """Whose token it claims to be, where it can be one of another node's: enough to look for the key, and no more."""
    segments = token.split(".")
    if len(token) > LONGEST or len(segments) != _SEGMENTS:
        return None
    try:
        header = msgspec.json.decode(unbase64(segments[0]), type=_Header)
        said = msgspec.json.decode(unbase64(segments[1]), type=_Unchecked)
    except (ValueError, RecursionError):
        return None
    return Named(header.kid, said.household, said.session_id)
