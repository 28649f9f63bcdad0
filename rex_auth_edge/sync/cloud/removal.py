"""What the removal of a hub takes with it, and what a policy that keeps verifiers at home takes back."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

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
    found = _found(change, since, house)
    raised = {user for user, each in found.roles.items() if _makes_owner(each)}
    ups = [each for user, each in found.roles.items() if user in raised]
    downs = [*found.let_in, *(each for user, each in found.roles.items() if user not in raised)]
    downs.sort(key=lambda each: each.cell.id in found.kept)
    freed = list(theft.freed(found.unsaid, found.owning, barred=since > START or found.alone))
    but = {change.actor, *found.kept, *(each.cell.id for each in freed)}
    people = [*ups, *freed, *downs, *theft.barred_again(found.unsaid, but)]
    renewed = list(_renewals(house))
    ended = theft.begun(change, since, house, {each.cell.id for each in renewed})
    return [*people, *theft.taken_back(change, since, house), *renewed, *ended, *theft.asked(found.unsaid)]


class _Found(NamedTuple):
    """Whose role is another, and who was let in, by a hub that isn't trusted; who owns the household without its word.

    `alone`: nobody who owns it now; and `kept` is who stays one all the same.
    """

    unsaid: Unsaid
    roles: dict[bytes, Follow]
    let_in: list[Follow]
    owning: set[bytes]
    alone: bool
    kept: set[bytes]


def _found(change: Incoming, since: Position, house: House) -> _Found:
    """Where nobody is left whom anybody else has made an owner, the one who came first stays, whom a thief can't be."""
    unsaid, actor = Unsaid(change.cell.id, since, house), change.actor
    roles, let_in = _roles(unsaid, {actor}), list(_let_in(unsaid))
    raised = {user: each for user, each in roles.items() if _makes_owner(each)}
    out = roles.keys() - raised.keys() | {each.cell.id for each in let_in} - {actor}
    owning = {user for user in _members(house) if user in raised or role_of(house, user) is Role.OWNER}
    shut, ruling = theft.shut_out(unsaid, owning), {*owners(house), *filter(partial(is_in, house), raised)}
    alone = out.issuperset(ruling)
    back = {user: each for user in _members(house) if (each := unsaid.unseated(user)) is not None} | raised
    first = _first([*ruling, *shut, *back], house) if alone and out.issuperset(shut) else None
    if first is None:
        return _Found(unsaid, roles, let_in, owning - out, alone, set())
    without = Unsaid(change.cell.id, since, house)
    roles = _roles(without, {actor, first}) | {user: back[user] for user in {first} & back.keys()}
    return _Found(without, roles, list(_let_in(without)), owning - out | {first}, alone, {first})


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
