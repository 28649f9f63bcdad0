"""What the removal of a hub takes with it, and what a policy that keeps verifiers at home takes back."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync import theft
from rex_auth_edge.sync.distrust import distrusted, is_doubted, is_later
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, REVOKED, Doors, Kind
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.outcome import Follow, Then, Verdict, take
from rex_auth_edge.sync.standing import House, kept_home, owners, role_of
from rex_auth_edge.sync.state import Cell, Incoming, Mark, Rung, State


def decide_hub(change: Incoming, house: House) -> Verdict:
    """What hubs are called, and how far each is trusted, no hub says: its thief would pose as another."""
    if house.state(Cell(Kind.HUB, change.tag.origin)).rung is None:
        return take(change)
    fields = {name: held for name, held in change.state.fields.items() if held.by.origin != change.tag.origin}
    return take(change, replace(change.state, fields=fields))


def after_hub(change: Incoming, house: House) -> list[Follow]:
    """Its keys end with it. Nothing that a distrusted hub let in stands by itself; passwords it held are set anew.

    All at once, however many people there are: what would come later a thief could use meanwhile. Owners whom it has
    shut out come first, for the last of those who are in stays.
    """
    rung = house.state(change.cell).rung
    if rung is None or rung.step < REVOKED:
        return []
    keys, since = list(_keys(change.cell.id, house)), distrusted(change.cell, house)
    return keys if since is None else [*keys, *_undone(change, since, house)]


def _undone(change: Incoming, since: Position, house: House) -> list[Follow]:
    """Where nobody is left whom anybody else has made an owner, the one who came first stays, whom a thief can't be."""
    hub, every = change.cell.id, _above_guests(house)
    let_in, lowered = list(_let_in(hub, since, house)), _lowered(every, hub, since, house, {change.actor})
    out, shut = lowered | {each.cell.id for each in let_in} - {change.actor}, theft.shut_out(hub, since, house)
    ruling = owners(house)
    alone, kept = out.issuperset(ruling), None
    if alone and out.issuperset(shut) and (first := _first([*ruling, *shut], house)):
        kept, lowered = first, {first, *_lowered(every, hub, since, house, {change.actor, first})}
    freed = theft.freed(hub, since, house, out - {kept}, barred=since > START or alone)
    lower = [Follow(Then.LOWER, Cell(Kind.ROLE, user)) for user in every if user in lowered]
    undone = sorted([*let_in, *lower], key=lambda each: each.cell.id == kept)
    return [*freed, *undone, *theft.taken_back(change, since, house), *_renewals(house)]


def _first(some: list[bytes], house: House) -> bytes | None:
    rungs = [(rung.at, user) for user in some if (rung := house.state(Cell(Kind.USER, user)).rung) is not None]
    return min(rungs)[1] if rungs else None


def _keys(hub: bytes, house: House) -> Iterator[Follow]:
    for subject in house.subjects(Kind.KEY):
        rung: Rung | None = house.state(Cell(Kind.KEY, subject)).rung
        if rung and rung.step <= ACTIVE and rung.by.origin == hub:
            yield Follow(Then.REVOKE, Cell(Kind.KEY, subject))


def _let_in(hub: bytes, since: Position, house: House) -> Iterator[Follow]:
    for kind in [kind for kind in Kind if kind.facts.doors is Doors.OPEN]:
        for subject in house.subjects(kind):
            rung: Rung | None = house.state(Cell(kind, subject)).rung
            if rung and rung.step <= ACTIVE and is_later(rung, hub, since):
                yield Follow(Then.REVOKE, Cell(kind, subject))


def _above_guests(house: House) -> dict[bytes, tuple[Mark, ...]]:
    """Whose role is more than a guest's, and by which marks."""
    every = [user for user in house.subjects(Kind.ROLE) if role_of(house, user) is not Role.GUEST]
    return {user: house.state(Cell(Kind.ROLE, user)).marks for user in every}


def _lowered(
    marks: Mapping[bytes, tuple[Mark, ...]], hub: bytes, since: Position, house: House, stay: set[bytes | None]
) -> set[bytes]:
    """Who is more than a guest by nobody's word but that of hubs which aren't trusted, this one among them.

    Or by the word of those who are so themselves, wherever they gave it; but not of who stays an owner all the same. Of
    several marks the lowest counts: with one that is good, nobody is more by the others than by that.
    """
    found: set[bytes] = set()

    def passed_on(mark: Mark) -> bool:
        return mark.actor in found and mark.at > since

    def raised(all_of: tuple[Mark, ...]) -> bool:
        touched = any(is_later(each, hub, since) or passed_on(each) for each in all_of)
        return touched and all(is_doubted(each, house) or passed_on(each) for each in all_of)

    while more := {user for user, all_of in marks.items() if user not in found | stay and raised(all_of)}:
        found |= more
    return found


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
