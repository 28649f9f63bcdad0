"""Who may raise whom, and that a household always has an owner."""

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.sync.house import House, closed, field, is_beyond, is_owner, owners, revoked, role_in
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import Lane, follows
from rex_auth_edge.sync.outcome import Follow, Then, Verdict, along, hold, refuse, take
from rex_auth_edge.sync.state import Cell, Incoming, State

LAST_OWNER = "last_owner"
ACTOR_DEMOTED = "actor_demoted"
WAITS_FOR_OWNER = "waits_for_owner"


def decide_role(change: Incoming, house: House) -> Verdict:
    """A grant stands only if its actor owns the household now; lowering somebody never waits.

    What only puts back what others had given, as after a theft, isn't one.
    Of concurrent changes the lowest role wins by how marks join. The last owner stays.
    """
    current = house.state(change.cell)
    before, after = role_in(current), role_in(join(current, change.state))
    raises = before is None or (after is not None and before.below(after))
    if change.actor is not None and not is_owner(house, change.actor):
        if raises:
            return hold(change, ACTOR_DEMOTED)
        if change.actor != change.cell.id and _knew_better(change, house):
            return refuse(change, ACTOR_DEMOTED)
    gives = any(mark.by == change.tag for mark in change.state.marks)
    if raises and gives and _made_in_cloud(change, house) and owners(house):
        return hold(change, WAITS_FOR_OWNER)
    if after is not Role.OWNER and _is_last(house, change.cell.id):
        return refuse(change, LAST_OWNER)
    return take(change)


def raises(current: State, more: State) -> bool:
    """Whether somebody is more by it than before: where nobody has said what they are, any role is more."""
    after = role_in(join(current, more))
    return after is not None and (role_in(current) or Role.GUEST).below(after)


def gives(current: State, more: State) -> bool:
    """Whether the role of which it speaks is what somebody has by it: with a lower one of before it isn't."""
    return role_in(join(current, more)) is role_in(more)


def _is_last(house: House, user: bytes) -> bool:
    """Whether nobody else owns the household. All are looked at only where it may be so."""
    return is_owner(house, user) and owners(house) == [user]


def leaves_nobody(change: Incoming, house: House) -> bool:
    """Whether it needs a rule that nobody here knows, and so would close the account of the only owner left."""
    if not is_beyond(change.state):
        return False
    return [user for user in owners(house) if not closed(house, user)] == [change.cell.id]


def _knew_better(change: Incoming, house: House) -> bool:
    """Whether its writer had seen all that makes the actor no owner: then it never had the right."""
    if change.actor is None:
        return False
    marks = [mark for kind in (Kind.ROLE, Kind.DISABLED) for mark in house.state(Cell(kind, change.actor)).marks]
    rung = house.state(Cell(Kind.USER, change.actor)).rung
    said = [(each.by, each.at) for each in marks] + ([(rung.by, rung.at)] if rung else [])
    return all(follows(change.tag, change.seen[Lane.SECURITY], by, at) for by, at in said)


def _made_in_cloud(change: Incoming, house: House) -> bool:
    """Whether it comes from the cloud, to a household that has a hub and whose policy doesn't let such grants stand."""
    hubs = [hub for hub in house.subjects(Kind.HUB) if not revoked(house, Kind.HUB, hub)]
    if not hubs or change.tag.origin in house.subjects(Kind.HUB):
        return False
    return bool(field(house, Cell(Kind.POLICY, HOUSEHOLD), "cloud_grants") != "stand")


def decide_person(change: Incoming, house: House) -> Verdict:
    """Deleting or disabling somebody never waits, and ends their sessions; but the last owner stays."""
    ends = bool(change.state.marks) or bool(change.state.rung and change.state.rung.step >= REVOKED)
    if not ends:
        return take(change)
    if _is_last(house, change.cell.id):
        return along(refuse(change, LAST_OWNER), Follow(Then.SIGN_OUT, Cell(Kind.SIGN_OUT, change.cell.id)))
    return take(change)


def decide_policy(change: Incoming, house: House) -> Verdict:
    """Owners write it, field by field; the cloud numbers its versions."""
    if change.actor is not None and not is_owner(house, change.actor):
        return hold(change, ACTOR_DEMOTED)
    return take(change)
