"""Every page: its path, what it shows, and what its form does. The one place where pages are listed."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from rex_auth_edge.web.pages import (
    assets,
    children,
    devices,
    entry,
    handed,
    hubs,
    inviting,
    joining,
    mine,
    pairing,
    passes,
    people,
    presence,
    recovery,
    rules,
    syncing,
    voice,
)
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

Handler = Callable[[Turn], Awaitable[Answer]]


class For(Enum):
    """Whose page it is: a member's, anybody's who may be a member, or one that doesn't look at sessions at all."""

    MEMBERS = auto()
    ANYBODY = auto()
    STRANGERS = auto()


@dataclass(frozen=True, slots=True)
class Page:
    """`show` draws it, `act` does what its form asks. A button without a page of its own shows the page `back` at."""

    path: str
    show: Handler
    act: Handler | None = None
    who: For = For.MEMBERS
    back: str | None = None


PAGES = (
    Page("/", entry.first, who=For.ANYBODY),
    Page("/claim", joining.show_claim, joining.claim, For.ANYBODY),
    Page("/sign-in", entry.show_sign_in, entry.sign_in, For.ANYBODY),
    Page("/register", joining.show_register, joining.register, For.STRANGERS),
    Page("/join", joining.show_join, joining.join, For.STRANGERS),
    Page("/verify", joining.show_verify, joining.prove, For.STRANGERS),
    Page("/verify/again", joining.show_verify, joining.send_again, For.STRANGERS, back="/verify"),
    Page("/forgot", recovery.show_forgot, recovery.forgot, For.STRANGERS),
    Page("/forgot/sent", recovery.sent, who=For.STRANGERS),
    Page("/reset-password", recovery.show_reset, recovery.reset, For.STRANGERS),
    Page("/clock", entry.clock, who=For.ANYBODY),
    Page("/device", pairing.show_code, pairing.find_by_code, For.ANYBODY),
    Page("/confirm", entry.show_confirm, entry.confirm),
    Page("/sign-out", entry.show_sign_out, entry.sign_out),
    Page("/house", people.show_home),
    Page("/house/add", people.show_add, people.add),
    Page("/house/members/{member}", people.show_member),
    Page("/house/members/{member}/role", people.show_role, people.set_role),
    Page("/house/members/{member}/reset", people.show_reset, people.reset),
    Page("/house/members/{member}/{act:disable|enable|lift-ban|remove}", people.show_asked, people.do_asked),
    Page("/house/members/{member}/history", people.show_history),
    Page("/house/members/{member}/sessions", people.show_sessions, people.end_session),
    Page(
        "/house/members/{member}/sessions/{session}", people.show_sessions, people.end_session,
        back="/house/members/{member}/sessions",
    ),
    Page("/house/invites", inviting.show_invites),
    Page("/house/invites/new", inviting.show_invite, inviting.create),
    Page("/house/invites/{invitation}/revoke", inviting.show_revoke, inviting.revoke),
    Page("/recover", presence.show, presence.start, For.STRANGERS),
    Page("/recover/finish", presence.show, presence.finish, For.STRANGERS, back="/recover"),
    Page("/house/recovery/veto", people.show_home, presence.veto, back="/house"),
    Page("/join-as-child", children.show_ask, children.ask, For.STRANGERS),
    Page("/join-as-child/over", children.show_ask, children.begin_again, For.STRANGERS, back="/join-as-child"),
    Page("/house/children", children.show_waiting),
    Page("/house/children/{child}", children.show_approve, children.approve),
    Page("/house/children/{child}/refuse", children.show_refuse, children.refuse),
    Page("/house/passes", passes.show_passes),
    Page("/house/passes/new", passes.show_new, passes.create),
    Page("/house/passes/{pass}/revoke", passes.show_revoke, passes.revoke),
    Page("/pass", passes.show, who=For.STRANGERS),
    Page("/pass/qr.svg", passes.qr, who=For.STRANGERS),
    Page("/house/codes", inviting.show_codes),
    Page("/house/codes/{code}", inviting.show_code, inviting.hand_over),
    Page("/house/devices", devices.show),
    Page("/house/devices/add", devices.show_add, devices.add),
    Page("/house/devices/window", pairing.show_window, pairing.open_window),
    Page("/house/devices/window/close", pairing.show_window, pairing.close_window, back="/house/devices/window"),
    Page("/house/devices/asks/{ask}", pairing.show_ask, pairing.approve),
    Page("/house/devices/asks/{ask}/refuse", pairing.show_ask, pairing.refuse, back="/house/devices/asks/{ask}"),
    Page("/house/devices/{device}", devices.show_one),
    Page("/house/devices/{device}/change", devices.show_change, devices.change),
    Page("/house/devices/{device}/{act:suspend|resume|remove}", devices.show_asked, devices.do_asked),
    Page("/house/devices/{awaited}/withdraw", devices.show_withdraw, devices.withdraw),
    Page("/house/handed", handed.show, handed.done),
    Page("/house/handed/qr.svg", handed.qr),
    Page("/house/rules", rules.show),
    Page("/house/rules/change", rules.show_change, rules.change),
    Page("/house/sync", syncing.show),
    Page("/house/sync/reviews/{review}/{act:confirm|dismiss}", syncing.show_asked, syncing.do_asked),
    Page("/house/sync/notices/{notice}/clear", syncing.show, syncing.clear, back="/house/sync"),
    Page("/house/sync/claim", hubs.show_claim, hubs.claim),
    Page("/house/sync/hubs/{hub}/remove", hubs.show_removal, hubs.remove),
    Page("/house/name", rules.show_name, rules.rename),
    Page("/me", mine.show, mine.change),
    Page("/me/picture", mine.picture),
    Page("/me/picture/remove", mine.show, mine.remove_picture, back="/me"),
    Page("/me/notices/{notice}/read", mine.show, syncing.read, back="/me"),
    Page("/me/sessions", mine.show_sessions, mine.end_others),
    Page("/me/sessions/{session}", mine.show_sessions, mine.end_session, back="/me/sessions"),
    Page("/me/history", mine.show_history),
    Page("/me/confirmations", voice.show),
    Page(
        "/me/confirmations/{confirmation}/{act:approve|deny}", voice.show, voice.decide, back="/me/confirmations",
    ),
    Page("/me/voice", voice.show, voice.let_act, back="/me/confirmations"),
    Page("/me/password", mine.show_password, mine.change_password),
    Page("/me/leave", mine.show_leave, mine.leave),
    Page("/assets/icons.svg", assets.icons, who=For.STRANGERS),
    Page("/assets/icon.svg", assets.favicon, who=For.STRANGERS),
)  # fmt: skip

_PLAIN = {page.path: page for page in PAGES if "{" not in page.path}
_NAME = re.compile(r"\{(\w+)(?::([^}]+))?\}")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_NAME.sub(lambda found: f"(?P<{found[1]}>{found[2] or '[^/]+'})", path))


_PATTERNS = [(_pattern(page.path), page) for page in PAGES if "{" in page.path]
_FOLDERS = ("/house/", "/me/")


def find(path: str) -> tuple[Page, Mapping[str, str]] | None:
    """The page at a path, and what the path names."""
    if (page := _PLAIN.get(path)) is not None:
        return page, {}
    if not path.startswith(_FOLDERS):
        return None
    found = ((pattern.fullmatch(path), page) for pattern, page in _PATTERNS)
    return next(((page, match.groupdict()) for match, page in found if match), None)
