"""How often sign-ins have failed, as cells count it: by device and node, what of it is forgiven aside."""

from typing import Any

from rex_auth_edge.domain.caller import UNKNOWN_DEVICE
from rex_auth_edge.exchange.mirror.side import Side, uuid_of
from rex_auth_edge.storage.attempts_elsewhere import Counter
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.state import Cell, Count

_UNKNOWN = "unknown"
_MOST_INCARNATIONS = 1 << 31
_MOST = 1 << 20
"""Failures of another node's that fit the column; long before, nobody is let in any more."""


def key_of(device_hash: bytes) -> str:
    """What cells call the device."""
    return _UNKNOWN if bytes(device_hash) == UNKNOWN_DEVICE else bytes(device_hash).hex()


def device_of(key: Any) -> bytes | None:
    """Which device the key names; None for what no node calls one so."""
    if key == _UNKNOWN:
        return UNKNOWN_DEVICE
    try:
        found = bytes.fromhex(key)
    except (TypeError, ValueError):
        return None
    return found if len(found) == len(UNKNOWN_DEVICE) and key_of(found) == key else None


def fits(incarnation: int) -> bool:
    """Whether the column takes it."""
    return 0 <= incarnation < _MOST_INCARNATIONS


def left_of(count: Count) -> int:
    """Of how many nobody has forgiven."""
    return max(0, count.total - count.cleared)


def counts_of(side: Side, user: bytes) -> tuple[Count, ...]:
    """What has been counted of this person, but for what no row can tell: what is odd is nobody's to forgive."""
    told = side.house.state(Cell(Kind.FAILURES, user)).counts
    return tuple(
        each
        for each in told
        if device_of(each.key) is not None and uuid_of(each.origin) is not None and fits(each.incarnation)
    )


def counted_elsewhere(side: Side, user: bytes) -> dict[Counter, int]:
    """What other nodes have counted that hasn't been forgiven."""
    found = {}
    for each in counts_of(side, user):
        device, node = device_of(each.key), uuid_of(each.origin)
        if device is not None and node is not None and each.origin != side.node and left_of(each):
            found[Counter(device, node, each.incarnation)] = min(left_of(each), _MOST)
    return found


def own_failures(side: Side, user: bytes, which: Counter) -> int:
    """How many of this node's own nobody has forgiven, at that device."""
    return sum(
        left_of(each)
        for each in counts_of(side, user)
        if (each.origin, each.key) == (side.node, key_of(which.device_hash))
    )
