"""Bans for a time travel as what was left of them, and lose what passes on the way as far as anybody can know it.

A node knows how long ago something was told by one clock alone: the cloud's, which notes when a ban has come to it.
"""

from typing import Any

from msgspec.structs import replace

from rex_auth_edge.sync.state import Mark, State

_TOLD, _STAMPED = 3, 4
"""Parts of what a mark says: at which device, what is left in milliseconds, since which failure; and when it came."""


def stamped(delta: State, now: int) -> State:
    """What is added to somebody's bans, with the time by the cloud's clock."""
    return replace(delta, marks=tuple(_stamped(mark, now) for mark in delta.marks)) if delta.marks else delta


def _stamped(mark: Mark, now: int) -> Mark:
    parts = parts_of(mark.what)
    return mark if parts is None or not isinstance(parts[1], int) else replace(mark, what=[*parts, now])


def parts_of(what: Any) -> list[Any] | None:
    """At which device, what is left in milliseconds (None: for good), since which failure; unchecked what each is.

    None for what is no ban.
    """
    fits = isinstance(what, list | tuple) and len(what) in {_TOLD, _STAMPED}
    return list(what[:_TOLD]) if fits else None


def came(what: Any) -> int | None:
    """When it came to the cloud, by its clock; None where that isn't told."""
    noted = what[_TOLD] if isinstance(what, list | tuple) and len(what) == _STAMPED else None
    return noted if isinstance(noted, int) and noted >= 0 else None
