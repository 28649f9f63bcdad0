"""What the removal of a hub takes with it, and what a policy that keeps verifiers at home takes back."""

from collections.abc import Iterator
from functools import partial

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.cloud import theft
from rex_auth_edge.sync.cloud.unsaid import Unsaid
from rex_auth_edge.sync.house import House, is_in, kept_home, owners, role_in, role_of
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, REVOKED, Doors, Kind
from rex_auth_edge.sync.order import START, Position
from rex_auth_edge.sync.outcome import Follow, Then
from rex_auth_edge.sync.rules.distrust import distrusted
from rex_auth_edge.sync.state import Cell, Incoming, Rung, State


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
    hub, actor, unsaid = change.cell.id, change.actor, Unsaid(change.cell.id, since, house)
    roles, let_in = _roles(unsaid, {actor}), list(_let_in(unsaid))
    raised = {user for user, each in roles.items() if _makes_owner(each)}
    out = roles.keys() - raised | {each.cell.id for each in let_in} - {actor}
    owning = {user for user in _members(house) if user in raised or role_of(house, user) is Role.OWNER}
    shut, ruling = theft.shut_out(unsaid, owning), {*owners(house), *filter(partial(is_in, house), raised)}
    alone, kept = out.issuperset(ruling), set[bytes]()
    back = {user: each for user in _members(house) if (each := unsaid.unseated(user)) is not None}
    back |= {user: roles[user] for user in raised}
    if alone and out.issuperset(shut) and (first := _first([*ruling, *shut, *back], house)):
        kept, unsaid = {first}, Unsaid(hub, since, house)
        roles = _roles(unsaid, {actor, first}) | {user: back[user] for user in kept & back.keys()}
        raised |= kept
    freed = list(theft.freed(unsaid, owning - out | kept, barred=since > START or alone))
    barred = theft.barred_again(unsaid, {actor, *kept, *(each.cell.id for each in freed)})
    ups = [each for user, each in roles.items() if user in raised]
    downs = [*let_in, *(each for user, each in roles.items() if user not in raised)]
    downs.sort(key=lambda each: each.cell.id in kept)
    renewed = list(_renewals(house))
    ended = theft.begun(change, since, house, {each.cell.id for each in renewed})
    asked = theft.asked(unsaid)
    return [*ups, *freed, *downs, *barred, *theft.taken_back(change, since, house), *renewed, *ended, *asked]


def _members(house: House) -> Iterator[bytes]:
    for user in house.subjects(Kind.USER):
        rung = house.state(Cell(Kind.USER, user)).rung
        if rung is not None and rung.step == ACTIVE:
            yield user


def _roles(unsaid: Unsaid, stay: set[bytes | None]) -> dict[bytes, Follow]:
    """Whose role is another without what the hub has said; but `stay`, who are owners all the same."""
    unsaid.find_usurpers(stay)
    found = {user: unsaid.role(user) for user in unsaid.house.subjects(Kind.ROLE) if user not in stay}
    return {user: follow for user, follow in found.items() if follow is not None}


def _makes_owner(follow: Follow) -> bool:
    return follow.then is Then.RESTORE and role_in(follow.what) is Role.OWNER


def _first(some: list[bytes], house: House) -> bytes | None:
    rungs = [(rung.at, user) for user in some if (rung := house.state(Cell(Kind.USER, user)).rung) is not None]
    return min(rungs)[1] if rungs else None


def _keys(hub: bytes, house: House) -> Iterator[Follow]:
    for subject in house.subjects(Kind.KEY):
        rung: Rung | None = house.state(Cell(Kind.KEY, subject)).rung
        if rung and rung.step <= ACTIVE and rung.by.origin == hub:
            yield Follow(Then.REVOKE, Cell(Kind.KEY, subject))


def _let_in(unsaid: Unsaid) -> Iterator[Follow]:
    """Other hubs last: all that they have said since goes with them."""
    for kind in [*(kind for kind in Kind if kind.facts.doors is Doors.OPEN), Kind.HUB]:
        for subject in unsaid.house.subjects(kind):
            rung: Rung | None = unsaid.house.state(Cell(kind, subject)).rung
            if rung and rung.step <= ACTIVE and unsaid.is_said(rung):
                yield Follow(Then.REVOKE, Cell(kind, subject))
    for user in _invited(unsaid):
        yield Follow(Then.REVOKE, Cell(Kind.USER, user))


def _invited(unsaid: Unsaid) -> Iterator[bytes]:
    """Who has come since by a usurper's invitation."""
    for invitation in unsaid.house.subjects(Kind.INVITATION):
        told = unsaid.house.state(Cell(Kind.INVITATION, invitation)).fields
        by, used = told.get("by"), told.get("used_by")
        if by is not None and used is not None and unsaid.is_usurped(by.value, by.at):
            rung = unsaid.house.state(Cell(Kind.USER, used.value)).rung
            if rung is not None and rung.step <= ACTIVE and rung.at > unsaid.since:
                yield used.value


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
