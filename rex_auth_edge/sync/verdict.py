"""What becomes of a change when its turn comes: the cloud decides it once; a hub expects the same of its own meanwhile.

Pure, and in the cloud's order. The delta that comes of it joins the cell. What follows from it elsewhere is a change
like any other, and only the cloud makes it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.kinds import Kind, closing, facts_of
from rex_auth_edge.sync.merge import placed
from rex_auth_edge.sync.order import START, Lane, Position
from rex_auth_edge.sync.outcome import Notice, Outcome, Verdict, refuse, take
from rex_auth_edge.sync.rules import names, passwords, roles
from rex_auth_edge.sync.rules.distrust import decide_hub
from rex_auth_edge.sync.rules.failures import decide_failures
from rex_auth_edge.sync.rules.keys import decide_key
from rex_auth_edge.sync.rules.newcomers import decide_profile
from rex_auth_edge.sync.rules.notices import decide_notice
from rex_auth_edge.sync.rules.record import decide_record
from rex_auth_edge.sync.rules.sign_outs import decide_sign_out
from rex_auth_edge.sync.state import EMPTY, Incoming, State

STALE = "written_too_long_ago"

_Decide = Callable[[Incoming, House], Verdict]

_SECURITY, _POLICY = Lane.SECURITY, Kind.POLICY


def _as_it_is(change: Incoming, house: House) -> Verdict:  # noqa: ARG001 - a rule's signature
    return take(change)


_DECIDE: Mapping[str, _Decide] = MappingProxyType({
    Kind.ROLE: roles.decide_role,
    Kind.USER: roles.decide_person,
    Kind.DISABLED: roles.decide_person,
    Kind.SIGN_OUT: decide_sign_out,
    Kind.POLICY: roles.decide_policy,
    Kind.PASSWORD: passwords.decide_password,
    Kind.USERNAME: names.decide_username,
    Kind.EMAIL: names.decide_email,
    Kind.PROFILE: decide_profile,
    Kind.FAILURES: decide_failures,
    Kind.AUDIT: decide_record,
    Kind.KEY: decide_key,
    Kind.HUB: decide_hub,
    Kind.NOTICE: decide_notice,
    Kind.REVIEW: decide_notice,
})  # fmt: skip


def decide(change: Incoming, house: House, refresh: Position | None = None) -> Verdict:
    """The verdict, its delta still without a place.

    What was written without having seen `refresh` is too old: ids that it speaks of may have been deleted and forgotten
    since. It is taken as far as it closes doors; the rest is for review. What nobody could confirm is taken however
    late: a hub's keys, what owners are told, how often somebody failed; and a password that nobody has replaced since.
    """
    if change.state.needs and roles.leaves_nobody(change, house):
        return refuse(change, roles.LAST_OWNER)
    stale = refresh is not None and change.seen[_SECURITY] < refresh
    rule = _DECIDE.get(change.cell.kind, _as_it_is)
    if not stale or facts_of(change.cell.kind).however_late or passwords.is_next(change, house):
        return rule(change, house)
    part = closing(change.cell.kind, change.state)
    if change.cell.kind == Kind.ROLE and roles.raises(house.state(change.cell), part):
        part = EMPTY
    verdict = rule(replace(change, state=part), house) if part != EMPTY else take(change, EMPTY)
    if part == change.state:
        return verdict
    given = change.cell.kind != Kind.ROLE or roles.gives(house.state(change.cell), part)
    left = _left(change.state, part if given else EMPTY)
    if left == EMPTY:
        return verdict
    notices = (*verdict.notices, Notice(change.cell.id, STALE))
    return replace(verdict, outcome=Outcome.STALE, review=left, notices=notices)


def _left(state: State, taken: State) -> State:
    """What waits for an owner. What it lifts makes room for what it puts there: where that is taken, nothing waits."""
    rung = taken.rung is not None
    done = rung or bool(taken.marks)
    return replace(
        state,
        rung=None if rung else state.rung,
        fields={} if rung else state.fields,
        marks=() if taken.marks else state.marks,
        cleared=START if done else state.cleared,
        own=() if done else state.own,
        counts=tuple(each for each in state.counts if each not in taken.counts),
        secret=state.secret and replace(state.secret, verifier=None, withheld=True),
        resets=state.resets if taken == EMPTY else (),
        needs=state.needs if taken == EMPTY else (),
    )


def added(change: Incoming, house: House, at: Position, refresh: Position | None = None) -> tuple[Verdict, State]:
    """The verdict, and what the change adds at its place: join it to the cell."""
    verdict = decide(change, house, refresh)
    delta = placed(verdict.delta, at)
    if change.cell.kind == _POLICY and delta.fields:
        delta = replace(delta, version=house.state(change.cell).version + 1)
    return verdict, delta
