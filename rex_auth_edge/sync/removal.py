"""What the removal of a hub takes with it, and what a policy that keeps verifiers at home takes back."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, REVOKED, RULES, Kind
from rex_auth_edge.sync.order import Position, Tag
from rex_auth_edge.sync.outcome import Follow, Then, Verdict, take
from rex_auth_edge.sync.standing import House, kept_home, owners, revoked, role_of
from rex_auth_edge.sync.state import Cell, Incoming, Mark, Rung, State

DISTRUST = "distrust"
"""The field of a removed hub that says from which place on its changes aren't trusted: [epoch, seq]."""


def decide_hub(change: Incoming, house: House) -> Verdict:
    """What hubs are called, and how far each is trusted, no hub says: its thief would pose as another."""
    if house.state(Cell(Kind.HUB, change.tag.origin)).rung is None:
        return take(change)
    fields = {name: held for name, held in change.state.fields.items() if held.by.origin != change.tag.origin}
    return take(change, replace(change.state, fields=fields))


def after_hub(change: Incoming, house: House) -> list[Follow]:
    """Its keys end with it. Nothing that a distrusted hub let in stands by itself; passwords it held are set anew.

    All at once, however many people there are: what would come later a thief could use meanwhile.
    """
    rung = house.state(change.cell).rung
    if rung is None or rung.step < REVOKED:
        return []
    keys, since = list(_keys(change.cell.id, house)), distrusted(change.cell, house)
    if since is None:
        return keys
    return [*keys, *_let_in(change.cell.id, since, house), *_raised(change, since, house), *_renewals(house)]


def distrusted(hub: Cell, house: House) -> Position | None:
    """From which place on, as somebody else than the hub has said; None where nobody has."""
    held = house.state(hub).fields.get(DISTRUST)
    return None if held is None or held.by.origin == hub.id else _place(held.value)


def _place(value: Any) -> Position | None:
    pair = isinstance(value, list | tuple) and len(value) == 2  # noqa: PLR2004 - a pair
    return Position(*value) if pair and all(isinstance(each, int) for each in value) else None


def _later(by: Tag, at: Position, hub: bytes, since: Position) -> bool:
    return by.origin == hub and at > since


def _keys(hub: bytes, house: House) -> Iterator[Follow]:
    for subject in house.subjects(Kind.KEY):
        rung: Rung | None = house.state(Cell(Kind.KEY, subject)).rung
        if rung and rung.step <= ACTIVE and rung.by.origin == hub:
            yield Follow(Then.REVOKE, Cell(Kind.KEY, subject))


def _let_in(hub: bytes, since: Position, house: House) -> Iterator[Follow]:
    for kind in [kind for kind, rule in RULES.items() if rule.letting]:
        for subject in house.subjects(kind):
            rung: Rung | None = house.state(Cell(kind, subject)).rung
            if rung and rung.step <= ACTIVE and _later(rung.by, rung.at, hub, since):
                yield Follow(Then.REVOKE, Cell(kind, subject))


def _raised(change: Incoming, since: Position, house: House) -> list[Follow]:
    """Who is more than a guest by nobody's word but that of hubs which aren't trusted, this one among them.

    Or by the word of those who are so themselves, wherever they gave it; but not of who stays an owner all the same.
    """
    every = [user for user in house.subjects(Kind.ROLE) if role_of(house, user) is not Role.GUEST]
    marks = {user: house.state(Cell(Kind.ROLE, user)).marks for user in every}
    lowered, own = _lowered(marks, change.cell.id, since, house, {change.actor}), owners(house)
    if own and lowered.issuperset(own):
        lowered = {own[-1], *_lowered(marks, change.cell.id, since, house, {change.actor, own[-1]})}
    return [Follow(Then.LOWER, Cell(Kind.ROLE, user)) for user in every if user in lowered]


def _lowered(
    marks: Mapping[bytes, tuple[Mark, ...]], hub: bytes, since: Position, house: House, stay: set[bytes | None]
) -> set[bytes]:
    """Of several marks the lowest counts: with one that is good, nobody is more by the others than by that."""
    found: set[bytes] = set()

    def passed_on(mark: Mark) -> bool:
        return mark.actor in found and mark.at > since

    def raised(all_of: tuple[Mark, ...]) -> bool:
        touched = any(_later(each.by, each.at, hub, since) or passed_on(each) for each in all_of)
        return touched and all(_doubted(each, house) or passed_on(each) for each in all_of)

    while more := {user for user, all_of in marks.items() if user not in found | stay and raised(all_of)}:
        found |= more
    return found


def _doubted(mark: Mark, house: House) -> bool:
    cell = Cell(Kind.HUB, mark.by.origin)
    since = distrusted(cell, house) if revoked(house, cell.kind, cell.id) else None
    return since is not None and mark.at > since


def _renewals(house: House) -> Iterator[Follow]:
    for user in house.subjects(Kind.PASSWORD):
        secret = house.state(Cell(Kind.PASSWORD, user)).secret
        if secret is not None and not secret.withheld:
            yield Follow(Then.RENEW_PASSWORD, Cell(Kind.PASSWORD_DUE, user))


def after_policy(change: Incoming, house: House) -> list[Follow]:
    """Verifiers that are to stay at home from now on are taken back from wherever they went."""
    if change.cell.id != HOUSEHOLD:
        return []
    shared = [user for user in house.subjects(Kind.PASSWORD) if _shared(house.state(Cell(Kind.PASSWORD, user)))]
    return [Follow(Then.WITHHOLD, Cell(Kind.PASSWORD, user)) for user in shared if kept_home(house, user)]


def _shared(state: State) -> bool:
    return state.secret is not None and state.secret.verifier is not None
