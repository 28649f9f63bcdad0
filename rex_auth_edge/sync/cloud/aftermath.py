"""What owners are told once a stolen hub is removed: what was taken back, and what they have to look at."""

from collections.abc import Collection, Iterator

from rex_auth_edge.sync.cloud.lifted import lifted
from rex_auth_edge.sync.cloud.theft import SAFE, put_by
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, Kind
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.outcome import Follow, Notice, Then
from rex_auth_edge.sync.rules.distrust import distrusted, is_later, later_marks
from rex_auth_edge.sync.rules.names import ADDRESS, NAME
from rex_auth_edge.sync.state import Cell

RULES_RESET, RULES_LEFT = "rules_reset_after_theft", "rules_left_by_stolen_hub"
PERSON_RESET, PERSON_LEFT = "reset_after_theft", "left_by_stolen_hub"
CODES = frozenset({RULES_RESET, RULES_LEFT, PERSON_RESET, PERSON_LEFT})

_RESET = frozenset({Then.RESTORE, Then.UNSET_EMAIL})
_NAMED = {Kind.USERNAME: NAME, Kind.EMAIL: ADDRESS}
_RULES = frozenset({"name", "shares", "passwords_home"})
_OTHERS = "others"
"""In place of a rule that no program here knows: a thief may call one anything."""


def notices(hub: Cell, follows: Collection[Follow], house: House) -> Iterator[Notice]:
    """A notice about the rules, and about each person, with what the hub has changed; nothing of what went with it.

    `follows` has been done, and `house` is as it is after it.
    """
    since = distrusted(hub, house)
    if since is None:
        return
    rules = {name: None for each in follows if each.then is Then.PUT for name in each.what}
    yield from _about(HOUSEHOLD, (RULES_RESET, rules), (RULES_LEFT, dict.fromkeys(_rules(hub.id, since, house))))
    reset: dict[bytes, dict[str, None]] = {}
    for each in follows:
        if each.then in _RESET:
            reset.setdefault(each.cell.id, {})[_reset(each)] = None
    for user in house.subjects(Kind.USER):
        rung = house.state(Cell(Kind.USER, user)).rung
        if rung is not None and rung.step <= ACTIVE:
            left = dict.fromkeys(word for word in _left(user, hub.id, since, house) if word not in reset.get(user, {}))
            yield from _about(user, (PERSON_RESET, reset.get(user, {})), (PERSON_LEFT, left))
        elif rung is not None and is_later(rung, hub.id, since):
            yield Notice(user, PERSON_LEFT, ("deletion",))


def _about(subject: bytes, *said: tuple[str, Collection[str]]) -> Iterator[Notice]:
    for code, words in said:
        if words:
            yield Notice(subject, code, tuple(words))


def _reset(follow: Follow) -> str:
    """Who was let sign in again is barred once more, if nothing was lifted."""
    barred = follow.cell.kind == Kind.DISABLED and follow.what.cleared == START
    return "enabled" if barred else _word(follow.cell.kind)


def _rules(hub: bytes, since: Position, house: House) -> Iterator[str]:
    """Those that are as the hub has put them, and that could be otherwise."""
    for name in put_by(Cell(Kind.POLICY, HOUSEHOLD), hub, since, house):
        if name in _RULES:
            yield name
        elif name not in SAFE:
            yield _OTHERS


def _left(user: bytes, hub: bytes, since: Position, house: House) -> Iterator[str]:
    """What of somebody is as the hub has said, in a word each."""
    rung, secret = house.state(Cell(Kind.USER, user)).rung, house.state(Cell(Kind.PASSWORD, user)).secret
    if rung is not None and is_later(rung, hub, since):
        yield "account"
    for kind in (Kind.USERNAME, Kind.EMAIL, Kind.PROFILE):
        put = put_by(Cell(kind, user), hub, since, house)
        if put and _NAMED.get(kind) in {None, *put}:
            yield _word(kind)
    if secret is not None and is_later(secret, hub, since):
        yield _word(Kind.PASSWORD)
    for kind in (Kind.ROLE, Kind.BAN, Kind.DISABLED):
        state = house.state(Cell(kind, user))
        if later_marks(state, hub, since) or any(each.hub == hub and each.at > since for each in lifted(state)):
            yield _word(kind)


def _word(kind: str) -> str:
    return kind.rpartition(".")[2]
