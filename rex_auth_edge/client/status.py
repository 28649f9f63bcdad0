"""The household's list of ended tokens (draft-ietf-oauth-status-list), as a signed text that is believed only whole."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rex_auth_edge.client import jose
from rex_auth_edge.client.reasons import Reason, TokenRefusedError

LONGEST = 1_048_576
"""Bytes of a list, packed as well as unpacked: 8 million tokens."""
_SECOND = 1_000


@dataclass(frozen=True, slots=True)
class StatusList:
    """Which tokens have ended. `version` never falls; times in milliseconds since 1970, `refresh` a length of time."""

    uri: str
    version: int
    issued: int
    expires: int
    refresh: int
    bits: bytes = field(repr=False)
    sessions: frozenset[str] = field(repr=False)

    def covers(self, index: int) -> bool:
        """Whether the list is long enough to say anything of this token."""
        return 0 <= index < len(self.bits) * 8

    def ended(self, index: int) -> bool:
        """Whether the token of this place has ended. Only where `covers` it."""
        return bool(self.bits[index // 8] >> index % 8 & 1)


def read(token: str, keys: Mapping[str, Mapping[str, Any]], uri: str) -> StatusList:
    """The list, if these keys have signed it for this address. Raises TokenRefusedError."""
    claims = jose.authenticate(jose.parse(token, LONGEST), "statuslist+jwt", keys)
    try:
        return _read(claims, uri)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise TokenRefusedError(Reason.MALFORMED) from error


def _read(claims: Mapping[str, Any], uri: str) -> StatusList:
    if plain(claims["sub"]) != plain(uri):
        raise TokenRefusedError(Reason.HOUSEHOLD)
    status, issued = claims["status_list"], int(claims["iat"])
    if status["bits"] != 1:
        raise ValueError
    unpacking = zlib.decompressobj()
    bits = unpacking.decompress(jose.unbase64(status["lst"]), LONGEST)
    if not unpacking.eof:
        raise ValueError
    expires = int(claims["exp"])
    refresh = int(claims.get("ttl", expires - issued))
    sessions = frozenset(str(each) for each in claims.get("revoked_sessions", ()))
    return StatusList(uri, int(claims["ver"]), issued * _SECOND, expires * _SECOND, refresh * _SECOND, bits, sessions)


def plain(uri: str) -> str:
    """An address without its query, which only asks for a shorter life."""
    return uri.partition("?")[0]
