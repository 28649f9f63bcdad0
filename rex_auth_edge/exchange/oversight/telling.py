"""Reviews and notices in sentences: for owners, and for the person concerned. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from rex_auth_edge.exchange.oversight.notices import Notice
from rex_auth_edge.exchange.oversight.reviews import Review
from rex_auth_edge.sync import verdict
from rex_auth_edge.sync.cloud import aftermath, alerts
from rex_auth_edge.sync.house import RESTORED, House, field, role_in
from rex_auth_edge.sync.kinds import ACTIVE, Kind
from rex_auth_edge.sync.rules import keys, names, passwords, record, roles
from rex_auth_edge.sync.state import Cell

_WHY: Mapping[str, str] = MappingProxyType({
    roles.WAITS_FOR_OWNER: "It was done in the cloud, and waits for an owner at home.",
    roles.ACTOR_DEMOTED: "Whoever did it was no owner any more, elsewhere.",
    RESTORED: (
        "It was put back from a backup, or enrolled anew: look whether the household's people and devices are the "
        "right ones, then confirm it."
    ),
    verdict.STALE: "It was done on a hub that the cloud hadn't heard for very long, or that somebody had removed.",
})  # fmt: skip
_OWNERS: Mapping[str, str] = MappingProxyType({
    names.RENAMED: "Somebody has chosen a username that was taken elsewhere meanwhile: they sign in as {username} now.",
    names.ADDRESS_TAKEN: "The address of {who} is unset: somebody else has proven that it is theirs.",
    passwords.REPLACED: "The password of {who} was set in two places: one counts, and they are signed out everywhere.",
    passwords.BEFORE_JOINING: (
        "{who} had another password on a hub that has joined: the cloud's counts there from now on, and they are "
        "signed out everywhere."
    ),
    roles.LAST_OWNER: "{who} stays an owner: the household would have been without one.",
    alerts.OUTGROWN: "A hub has told more about {who} than there is room for: look whether that hub is still yours.",
    keys.NOT_ITS_OWN: "A hub has told of a key that isn't its own: look whether that hub is still yours.",
    record.REWRITTEN: (
        "A hub says of something on record otherwise than it was put there, which stays: look whether that hub is "
        "still yours."
    ),
    roles.ACTOR_DEMOTED: "Something that somebody did to {who} while no owner any more wasn't taken as it was.",
    alerts.ADDRESS: "A hub has given {who} another e-mail address: if nobody at home did that, remove that hub.",
    alerts.OWNER: "A hub has made {who} an owner: if nobody at home did that, remove that hub.",
    alerts.UNSEATED: (
        "By a hub {who} owns the household no longer, or may no longer sign in: if nobody at home did that, remove "
        "that hub."
    ),
    alerts.HUB: "A hub has ended {who}, another hub: if nobody at home did that, remove the one that is left.",
    aftermath.RULES_RESET: (
        "A stolen hub had changed some of the household's rules, which are strict until an owner sets them: {what}."
    ),
    aftermath.RULES_LEFT: "A stolen hub had changed rules of the household: look whether they are right: {what}.",
    aftermath.RESET: "What a stolen hub had done to {who} was taken back: {what}.",
    aftermath.LEFT: "What a stolen hub had done to {who} still stands: {what}. Look whether that is right.",
})  # fmt: skip
_PERSON: Mapping[str, str] = MappingProxyType({
    names.RENAMED: "Somebody else has had your username first: you sign in as {username} now.",
    names.ADDRESS_TAKEN: "Your e-mail address is unset: somebody else has proven that it is theirs.",
    passwords.REPLACED: (
        "Your password was set in two places at the same time. One of them counts, and you were signed out "
        "everywhere. If one wasn't you, choose another password now."
    ),
    passwords.BEFORE_JOINING: (
        "A hub has joined where you had another password: the cloud's counts there from now on, and you were signed "
        "out everywhere."
    ),
    roles.LAST_OWNER: "You stay an owner: the household would have been without one.",
    roles.ACTOR_DEMOTED: "What somebody did to your account while they were no owner any more wasn't taken as it was.",
    roles.WAITS_FOR_OWNER: "Your role was changed in the cloud: that waits until an owner at home confirms it.",
    verdict.STALE: "A change of your account came very late: an owner decides on it.",
    alerts.ADDRESS: "Your e-mail address was changed at home, on a hub. If that wasn't you, tell an owner.",
    alerts.PASSWORD: "Your password was changed at home, on a hub. If that wasn't you, tell an owner.",
    alerts.SHARED: "Your password of home opens your account in the cloud as well, by the household's rules.",
    alerts.OWNER: "You were made an owner at home, on a hub.",
    alerts.UNSEATED: "At home, on a hub, it was decided that you own the household no longer.",
    aftermath.RESET: "What a stolen hub had done to your account was taken back: {what}.",
    aftermath.LEFT: (
        "What a stolen hub had done to your account still stands: {what}. Tell an owner what of it isn't right."
    ),
})  # fmt: skip

_PARTS: Mapping[str, str] = MappingProxyType({
    "account": "that they are in",
    "deletion": "that they are deleted",
    "username": "the username",
    "email": "the e-mail address",
    "profile": "the profile",
    "password": "the password, which has to be set anew",
    "role": "the role",
    "ban": "a ban",
    "disabled": "that they may not sign in",
    "enabled": "that they may sign in again",
    "opened": "its key or its rights, for which it was removed: add it anew",
    "hub": "that it is enrolled",
    "removal": "that it is removed: add or enrol it anew",
    "suspension": "that it is suspended",
    "description": "what it is called, and where it is",
    "unknown_rule": "a rule that no program here knows, by which nobody lets them in: delete them, and add them anew",
})  # fmt: skip
"""What a notice is about, in words; rules are called as in the policy."""

_LONGEST = 80
"""Characters of what a node calls somebody or something."""
_NAMES = ((Kind.USERNAME, names.NAME), *((kind, "name") for kind in (Kind.DEVICE_PROFILE, Kind.INVITATION, Kind.HUB)))

_WHAT: Mapping[str, str] = MappingProxyType({
    Kind.DISABLED: "Let {who} sign in again",
    Kind.BAN: "Let {who} sign in again",
    Kind.HUB: "Go on with the hub {who}",
    Kind.PASSWORD: "Set another password for {who}",
})  # fmt: skip


def what(review: Review, house: House) -> str:
    """What would be done."""
    kind, state, who = review.cell.kind, review.state, called(house, review.cell.id)
    if kind == Kind.ROLE:
        role = role_in(state)
        return f"Make {who} {role}" if role else f"Change the role of {who}"
    if kind == Kind.POLICY:
        return "Change the household's rules: " + ", ".join(sorted(state.fields))
    if kind in _WHAT:
        return _WHAT[kind].format(who=who)
    if state.rung is not None and state.rung.step == ACTIVE:
        return f"Let {who} in" if kind == Kind.USER else f"Let a {kind} in: {who}"
    told = ", ".join(f"{name} {held.value}" for name, held in sorted(state.fields.items()) if _plain(held.value))
    return f"Change {kind.removeprefix('user.')} of {who}" + (f": {told}" if told else "")


def why(review: Review) -> str:
    """Why it waits."""
    return _WHY.get(review.why, f"The cloud held it ({review.why}).")


def to_owner(notice: Notice, house: House) -> str:
    """What an owner is told."""
    return _said(_OWNERS, notice, house)


def to_person(notice: Notice, house: House) -> str:
    """What the person concerned is told."""
    return _said(_PERSON, notice, house)


def _said(sentences: Mapping[str, str], notice: Notice, house: House) -> str:
    username = field(house, Cell(Kind.USERNAME, notice.about), names.NAME)
    form = sentences.get(notice.code, "Something about {who} was decided elsewhere (" + notice.code + ").")
    what = ", ".join(_PARTS.get(each, each) for each in notice.what)
    return form.format(who=called(house, notice.about), username=str(username or "another")[:_LONGEST], what=what)


def called(house: House, subject: bytes) -> str:
    """What people call this: a username, or a device's or hub's name; else its id."""
    for kind, name in _NAMES:
        value = field(house, Cell(kind, subject), name)
        if isinstance(value, str) and value:
            return value[:_LONGEST]
    return f"somebody unknown ({subject.hex()[:8]})"


def _plain(value: object) -> bool:
    return isinstance(value, str | bool | int)
