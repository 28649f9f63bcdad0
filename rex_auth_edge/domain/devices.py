"""Devices: what kinds there are, what each may and for how long, and how they are named."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from rex_auth_edge.domain.refusals import Code, Refused

INTROSPECT = "hub.introspect"
"""The scope in which a device may ask the hub about others' tokens. Scopes that begin with `hub.` are the hub's own."""
ACT = "hub.act"
"""The scope in which a device may act for people whom it recognises."""
_OWN = "hub."
_HUBS = frozenset({INTROSPECT, ACT})
_SCOPE = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,39}")
_MOST, _LONGEST_SCOPES = 12, 400
_LONGEST_NAME = 80


class Kind(StrEnum):
    """What a device is."""

    LAMP = "lamp"
    SENSOR = "sensor"
    LOCK = "lock"
    CAMERA = "camera"
    TABLET = "tablet"
    SPEAKER = "speaker"
    ROBOT = "robot"
    VOICE = "voice"
    OTHER = "other"


ACTORS = frozenset({Kind.TABLET, Kind.SPEAKER, Kind.ROBOT, Kind.VOICE})
"""Kinds that people speak to or stand before. No lamp or lock has anybody to act for."""


class DeviceState(StrEnum):
    """Where a device stands. Removed is for ever: let in again, it is another device."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a kind's access tokens live, and how long what it is told of ended tokens is good: milliseconds."""

    access: int
    status: int


_STRICT = Lives(HOUR, 15 * MINUTE)
_USUAL = Lives(DAY, DAY)
_BY_KIND: Mapping[Kind, Lives] = MappingProxyType({Kind.LOCK: _STRICT, Kind.CAMERA: _STRICT})


def lives_of(kind: Kind) -> Lives:
    """A kind's lives: who guards a door learns within 15 minutes that a token has ended."""
    return _BY_KIND.get(kind, _USUAL)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a device is to be, or says that it is."""

    name: str
    kind: Kind
    room: str | None
    scopes: tuple[str, ...]


def wish(name: str | None, kind: str | None, room: str | None, scopes: Iterable[str]) -> Wish | Refused:
    """What was asked for, checked and in order; or what is wrong with it."""
    called = (name or "").strip()
    if not called or len(called) > _LONGEST_NAME or not called.isprintable():
        return _wrong("name", f"A device's name has 1 to {_LONGEST_NAME} characters")
    if kind not in set(Kind):
        return _wrong("kind", "kind is one of " + ", ".join(Kind))
    placed = (room or "").strip() or None
    if placed and (len(placed) > _LONGEST_NAME or not placed.isprintable()):
        return _wrong("room", f"A room's name has at most {_LONGEST_NAME} characters")
    wanted = tuple(sorted(set(scopes)))
    refused = _unfit(Kind(kind), wanted)
    return refused or Wish(called, Kind(kind), placed, wanted)


def _unfit(kind: Kind, wanted: tuple[str, ...]) -> Refused | None:
    """What is wrong with scopes."""
    if len(wanted) > _MOST or any(not _SCOPE.fullmatch(scope) for scope in wanted):
        return _wrong("scopes", f"At most {_MOST} scopes, of small letters, digits and . _ : - (such as door.open)")
    if len(" ".join(wanted)) > _LONGEST_SCOPES:
        return _wrong("scopes", f"All scopes together have at most {_LONGEST_SCOPES} characters")
    if foreign := [scope for scope in wanted if scope.startswith(_OWN) and scope not in _HUBS]:
        return _wrong("scopes", f"There is no scope {foreign[0]}; those of the hub are " + ", ".join(sorted(_HUBS)))
    if ACT in wanted and kind not in ACTORS:
        return _wrong("scopes", f"{ACT} is for these kinds alone: " + ", ".join(sorted(ACTORS)))
    return None


def apart_from_the_hubs(scopes: Iterable[str]) -> tuple[str, ...]:
    """Those of the scopes that mean something at home, without the hub's own."""
    return tuple(scope for scope in scopes if not scope.startswith(_OWN))


def scopes_at_home(scopes: Iterable[str]) -> tuple[str, ...] | Refused:
    """The scopes in order, none of them the hub's own; or what is wrong with them."""
    wanted = tuple(sorted(set(scopes)))
    if apart_from_the_hubs(wanted) != wanted:
        return _wrong("scopes", f"Scopes that begin with {_OWN} are the hub's own, and aren't given here")
    return _unfit(Kind.OTHER, wanted) or wanted


def _wrong(field: str, sentence: str) -> Refused:
    return Refused(Code.INVALID_FIELD, sentence, {field: "not good"})
