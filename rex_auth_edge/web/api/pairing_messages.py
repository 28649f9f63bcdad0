"""Bodies of pairing: the window, and devices that ask."""

import msgspec


class OpenWindow(msgspec.Struct):
    """For how long, from 3m to 15m (5m without it)."""

    open_for: str | None = None


class Window(msgspec.Struct):
    """Whether devices may ask at present; until when, how often they still may, and who has opened it."""

    message: str
    open: bool
    closes_at: str | None
    tries_left: int
    opened_by: str | None


class Typed(msgspec.Struct):
    """What a person has typed or said: the letters, the four words, or the six words that they compared."""

    code: str | None = None


class Approve(msgspec.Struct):
    """The code, and what is to differ from what the device asks for; `scopes` (spaces between) can only be fewer."""

    code: str | None = None
    name: str | None = None
    room: str | None = None
    scopes: str | None = None


class Ask(msgspec.Struct):
    """A device that asks: what it says of itself; from which address, and whether that is a home's own network's.

    `compare` are six words that the device shows as well, of one that asks in that way.
    """

    id: str
    way: str
    name: str
    kind: str
    room: str | None
    scopes: list[str]
    asked_from: str
    at_home: bool
    asked_at: str
    expires_at: str
    compare: list[str]


class Asks(msgspec.Struct):
    """All that haven't been decided on."""

    asks: list[Ask]


class Approved(msgspec.Struct):
    """What has been let in: it comes with its next poll."""

    message: str
    ask: Ask
