"""Bodies of what people confirm."""

import msgspec


class Confirmation(msgspec.Struct):
    """What a device wants to do: `message` is its own words, the rest is what the hub knows."""

    id: str
    device: str
    kind: str
    room: str | None
    scopes: list[str]
    message: str | None
    asked_from: str | None
    asked_at: str
    expires_at: str


class Confirmations(msgspec.Struct):
    """Those that wait."""

    confirmations: list[Confirmation]


class Voice(msgspec.Struct):
    """`voice` is on or off."""

    voice: str


class SetVoice(msgspec.Struct):
    """`voice` is on or off."""

    voice: str | None = None
