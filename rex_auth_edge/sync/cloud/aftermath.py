"""What owners are told once a stolen hub is removed: what was taken back, and what they have to look at."""

from collections.abc import Collection, Iterator

from rex_auth_edge.sync.cloud.lifted import lifted
from rex_auth_edge.sync.cloud.theft import OPENED, SAFE, put_by
from rex_auth_edge.sync.house import House, closed
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, Kind
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.outcome import Follow, Notice, Then
from rex_auth_edge.sync.rules.distrust import distrusted, is_later, later_marks
from rex_auth_edge.sync.rules.names import ADDRESS, NAME
from rex_auth_edge.sync.state import Cell

RULES_RESET, RULES_LEFT = "rules_reset_after_theft", "rules_left_by_stolen_hub"
RESET, LEFT = "reset_after_theft", "left_by_stolen_hub"
CODES = frozenset({RULES_RESET, RULES_LEFT, RESET, LEFT})

_UNDOING = frozenset({Then.RESTORE, Then.UNSET_EMAIL})
_NAMED = {Kind.USERNAME: NAME, Kind.EMAIL: ADDRESS}
_ENDED: dict[str, str] = {Kind.USER: "deletion", Kind.DEVICE: "removal", Kind.HUB: "removal"}
"""Of what there may be something to tell, and how it is called that it is over."""
_RULES = frozenset({"name", "shares", "passwords_home"})
_OTHERS = "others"
"""In place of a rule that no program here knows: a thief may call one anything."""


def notices(hub: Cell, follows: Collection[Follow], house: House) -> Iterator[Notice]:
    """A notice about the rules, and about each person and thing, with what the hub has changed; none of what it let in.

    `follows` has been done, and `house` is as it is after it.
    """
    since = distrusted(hub, house)
    if since is None:
        return
    rules = {name: None for each in follows if each.then is Then.PUT for name in each.what}
    yield from _about(HOUSEHOLD, (RULES_RESET, rules), (RULES_LEFT, dict.fromkeys(_rules(hub.id, since, house))))
    reset: dict[bytes, dict[str, None]] = {}
    for each in follows:
        if each.then in _UNDOING or each.what == OPENED or each.cell.kind == Kind.HUB:
            reset.setdefault(each.cell.id, {})[_reset(each)] = None
    for kind in _ENDED:
        for subject in (each for each in house.subjects(kind) if each != hub.id):
            done, left = reset.get(subject, {}), _left(Cell(kind, subject), hub.id, since, house)
            yield from _about(subject, (RESET, done), (LEFT, dict.fromkeys(word for word in left if word not in done)))


def _about(subject: bytes, *said: tuple[str, Collection[str]]) -> Iterator[Notice]:
    for code, words in said:
        if words:
            yield Notice(subject, code, tuple(words))


def _reset(follow: Follow) -> str:
    """Who was let sign in again is barred once more, if nothing was lifted."""
    if follow.what == OPENED:
        return OPENED
    barred = follow.cell.kind == Kind.DISABLED and follow.what.cleared == START
    return "enabled" if barred else _word(follow.cell.kind)


def _rules(hub: bytes, since: Position, house: House) -> Iterator[str]:
    """Those that are as the hub has put them, and that could be otherwise."""
    for name in put_by(Cell(Kind.POLICY, HOUSEHOLD), hub, since, house):
        if name in _RULES:
            yield name
        elif name not in SAFE:
            yield _OTHERS


def _left(about: Cell, hub: bytes, since: Position, house: House) -> Iterator[str]:
    """What of somebody or something is as the hub has said, in a word each; of what is over, that it is."""
    rung = house.state(about).rung
    if rung is not None and is_later(rung, hub, since):
        yield "account" if rung.step <= ACTIVE else _ENDED[about.kind]
    if rung is not None and rung.step <= ACTIVE:
        yield from (_left_of_person if about.kind == Kind.USER else _left_of_thing)(about, hub, since, house)
        yield from ["unknown_rule"] if closed(house, about.id) else []


def _left_of_person(user: Cell, hub: bytes, since: Position, house: House) -> Iterator[str]:
    for kind in (Kind.USERNAME, Kind.EMAIL, Kind.PROFILE):
        put = put_by(Cell(kind, user.id), hub, since, house)
        if put and _NAMED.get(kind) in {None, *put}:
            yield _word(kind)
    secret = house.state(Cell(Kind.PASSWORD, user.id)).secret
    if secret is not None and is_later(secret, hub, since):
        yield _word(Kind.PASSWORD)
    for kind in (Kind.ROLE, Kind.BAN, Kind.DISABLED):
        state = house.state(Cell(kind, user.id))
        if later_marks(state, hub, since) or any(each.origin == hub and each.at > since for each in lifted(state)):
            yield _word(kind)


def _left_of_thing(thing: Cell, hub: bytes, since: Position, house: House) -> Iterator[str]:
    if "suspended" in put_by(thing, hub, since, house):
        yield "suspension"
    if put_by(Cell(Kind.DEVICE_PROFILE, thing.id), hub, since, house):
        yield "description"


def _word(kind: str) -> str:
    return kind.rpartition(".")[2]
