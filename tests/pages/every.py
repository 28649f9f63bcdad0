"""Every page for members: what each is for, and what its path names."""

from rex_auth_edge.domain.roles import Act
from rex_auth_edge.web.pages.table import Page

ACT: dict[str, Act | None] = {
    "/confirm": None,
    "/sign-out": None,
    "/house": Act.READ,
    "/house/add": Act.ADD,
    "/house/members/{member}": Act.MEMBERS,
    "/house/members/{member}/role": Act.SET_ROLE,
    "/house/members/{member}/reset": Act.RESET,
    "/house/members/{member}/disable": Act.DISABLE,
    "/house/members/{member}/enable": Act.ENABLE,
    "/house/members/{member}/lift-ban": Act.PARDON,
    "/house/members/{member}/remove": Act.REMOVE,
    "/house/members/{member}/history": Act.ACTIVITY,
    "/house/members/{member}/sessions": Act.ACTIVITY,
    "/house/members/{member}/sessions/{session}": Act.SIGN_OUT,
    "/house/invites": Act.INVITES,
    "/house/invites/new": Act.INVITE,
    "/house/invites/{invitation}/revoke": Act.UNINVITE,
    "/house/recovery/veto": Act.VETO,
    "/house/children": Act.CHILDREN,
    "/house/children/{child}": Act.APPROVE_CHILD,
    "/house/children/{child}/refuse": Act.REFUSE_CHILD,
    "/house/passes": Act.PASSES,
    "/house/passes/new": Act.MAKE_PASS,
    "/house/passes/{pass}/revoke": Act.END_PASS,
    "/house/codes": Act.CODES,
    "/house/codes/{code}": Act.HAND_OVER,
    "/house/sync": Act.SYNC,
    "/house/sync/reviews/{review}/confirm": Act.REVIEW,
    "/house/sync/reviews/{review}/dismiss": Act.REVIEW,
    "/house/sync/notices/{notice}/clear": Act.SYNC,
    "/house/rules": Act.POLICY,
    "/house/rules/change": Act.SET_POLICY,
    "/house/name": Act.RENAME,
    "/house/devices": Act.DEVICES,
    "/house/devices/add": Act.ADD_DEVICE,
    "/house/devices/window": Act.ASKS,
    "/house/devices/window/close": Act.ASKS,
    "/house/devices/asks/{ask}": Act.ADD_DEVICE,
    "/house/devices/asks/{ask}/refuse": Act.ASKS,
    "/house/devices/{device}": Act.DEVICES,
    "/house/devices/{device}/change": Act.CHANGE_DEVICE,
    "/house/devices/{device}/suspend": Act.END_DEVICE,
    "/house/devices/{device}/resume": Act.CHANGE_DEVICE,
    "/house/devices/{device}/remove": Act.END_DEVICE,
    "/house/devices/{awaited}/withdraw": Act.END_DEVICE,
    "/me": None,
    "/me/notices/{notice}/read": None,
    "/me/picture": None,
    "/me/picture/remove": None,
    "/me/sessions": None,
    "/me/sessions/{session}": None,
    "/me/history": None,
    "/me/confirmations": None,
    "/me/confirmations/{confirmation}/approve": None,
    "/me/confirmations/{confirmation}/deny": None,
    "/me/voice": None,
    "/me/password": None,
    "/me/leave": Act.LEAVE,
}
"""What each page for members is for; a new page fails here until it has its line."""
BUTTONS = {
    *("/house/members/{member}/sessions/{session}", "/me/picture/remove", "/me/sessions/{session}"),
    *("/house/devices/window/close", "/house/devices/asks/{ask}/refuse", "/me/voice"),
    *("/house/sync/notices/{notice}/clear", "/me/notices/{notice}/read"),
    *("/me/confirmations/{confirmation}/approve", "/me/confirmations/{confirmation}/deny", "/house/recovery/veto"),
}
"""What has no page of its own; to look there leads to the page that the button is on."""
OTHERWISE = {
    *("/house/handed", "/house/handed/qr.svg"),
    *("/house/sync/claim", "/house/sync/hubs/{hub}/remove"),
}
"""Nothing waits there in these tests, or on a hub."""
NAMED = (
    "member",
    "session",
    "invitation",
    "code",
    "device",
    "awaited",
    "ask",
    "pass",
    "confirmation",
    "child",
    "review",
    "notice",
    "hub",
)
"""What paths name."""


def spelled(page: Page) -> list[str]:
    """The page's path, once for each of the acts that share it."""
    head, found, acts = page.path.partition("{act:")
    return [head + act for act in acts[:-1].split("|")] if found else [page.path]
