"""Bodies of the household's devices."""

import msgspec


class AddDevice(msgspec.Struct):
    """What is to come: `scopes` with spaces between; `code_life` from 1m to 1h (10m without it)."""

    name: str | None = None
    kind: str | None = None
    room: str | None = None
    scopes: str | None = None
    code_life: str | None = None


class ChangeDevice(msgspec.Struct):
    """What changes; an empty `room` is none, `scopes` (with spaces between) can only become fewer."""

    name: str | None = None
    room: str | None = None
    scopes: str | None = None


class Awaited(msgspec.Struct):
    """A device that is to come. `code` and `qr` are told this once; `qr` is for the device's camera."""

    message: str
    id: str
    code: str
    qr: str
    expires_at: str


class Device(msgspec.Struct):
    """One of the household's devices."""

    id: str
    name: str
    kind: str
    room: str | None
    scopes: list[str]
    state: str
    way: str
    key: str | None
    added_by: str | None
    created_at: str
    seen_at: str | None
    seen_from: str | None


class ToCome(msgspec.Struct):
    """A device that has been added and hasn't come yet; its `id` withdraws it."""

    id: str
    name: str
    kind: str
    room: str | None
    scopes: list[str]
    expires_at: str


class Devices(msgspec.Struct):
    """All of them but removed ones."""

    devices: list[Device]
    awaited: list[ToCome]
