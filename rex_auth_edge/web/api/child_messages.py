"""Bodies of children who ask to join."""

import msgspec


class AskAsChild(msgspec.Struct):
    """Without an address of mail; `tenant` is the household, without it the hub's default one."""

    username: str | None = None
    password: str | None = None
    first_name: str | None = None
    tenant: str | None = None


class ChildWaits(msgspec.Struct):
    """`code` is for the screen, `request_token` for asking again; both are told this once."""

    message: str
    code: str
    request_token: str
    expires_at: str


class LookAsChild(msgspec.Struct):
    """What was told to the screen."""

    request_token: str | None = None


class ChildStands(msgspec.Struct):
    """`state` is waiting, approved, refused or missed (too many wrong codes); `username` is for signing in."""

    state: str
    username: str


class AskingChild(msgspec.Struct):
    """A child who waits."""

    id: str
    username: str
    first_name: str | None
    asked_from: str
    device: str
    created_at: str
    expires_at: str


class AskingChildren(msgspec.Struct):
    """The children who wait, the first who asked first."""

    children: list[AskingChild]


class ApproveChild(msgspec.Struct):
    """The code on the child's screen; another `username` where the one asked for is taken."""

    screen_code: str | None = None
    username: str | None = None


class ChildIn(msgspec.Struct):
    """The new member."""

    message: str
    user_id: str
