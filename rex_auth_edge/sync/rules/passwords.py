"""Which password wins: the one that knows of the latest mailed reset, and of those the later in the cloud's order.

The loser is never good again. Who knew only an old password can change it on a hub that hasn't heard of a reset, and
still doesn't get the account back.
"""

from msgspec.structs import replace

from rex_auth_edge.sync.house import House, kept_home
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.merge import join
from rex_auth_edge.sync.order import START, Lane, Position, Tag, follows, is_unsent
from rex_auth_edge.sync.outcome import Follow, Outcome, Then, Verdict, along, refuse, take
from rex_auth_edge.sync.state import Cell, Incoming, Reset, Secret, State

REPLACED = "password_replaced"
BEFORE_JOINING = "password_before_joining"
AGAIN = "again"
"""The field that says whose password this is told again, by its tag: one that was kept at home until now."""


def decide_password(change: Incoming, house: House) -> Verdict:
    """Settle which reset the password stands on; of concurrent ones the person hears, and their sessions end.

    Whoever had seen nothing yet, as a hub that has just joined, takes nobody's password back to an older one; that
    isn't a password set in two places, and is told as what it is. What is known already, as when a hub comes back,
    changes nothing.
    """
    offered, current = change.state.secret, house.state(change.cell).secret
    if offered is None:
        return take(change)
    settled = replace(offered, reset=_reset(change, offered, house))
    if kept_home(house, change.cell.id):
        settled = replace(settled, verifier=None, withheld=True)
    seen = change.seen[Lane.IDENTITY]
    verdict = take(change, replace(change.state, secret=settled))
    if AGAIN in change.state.fields:
        good = current is not None and current.withheld and is_again(change.state, current.by)
        return verdict if good else Verdict(Outcome.REFUSED)
    if _is_known(settled, current) or _is_another(settled, current):
        return Verdict(Outcome.REFUSED)
    if current is not None and seen == settled.reset == START and current.by.origin != offered.by.origin:
        verdict = refuse(change, BEFORE_JOINING)
        return along(verdict, Follow(Then.SIGN_OUT, Cell(Kind.SIGN_OUT, change.cell.id)))
    if current is None or current.by == offered.by or follows(change.tag, seen, current.by, current.at):
        return verdict
    follow = Follow(Then.SIGN_OUT, Cell(Kind.SIGN_OUT, change.cell.id))
    return along(verdict, follow, tell=REPLACED, about=change.cell.id)


def is_next(change: Incoming, house: House) -> bool:
    """Whether it is a password of somebody whose current one its writer had seen."""
    if change.cell.kind != Kind.PASSWORD or change.state.secret is None:
        return False
    current = house.state(change.cell).secret
    return current is None or follows(change.tag, change.seen[Lane.IDENTITY], current.by, current.at)


def _is_known(offered: Secret, current: Secret | None) -> bool:
    """Whether it is the very same, told under another tag: hashes are salted, so nobody has set it a second time."""
    known = current is not None and current.by != offered.by and current.verifier == offered.verifier
    return known and offered.verifier is not None


def _is_another(offered: Secret, current: Secret | None) -> bool:
    """Whether a tag that is known comes with another hash: one change has one content, and nobody would be told."""
    return current is not None and current.by == offered.by and offered.verifier not in {None, current.verifier}


def is_again(state: State, former: Tag) -> bool:
    """Whether the latest password in it is the one that was known by this tag before."""
    told, secret = state.fields.get(AGAIN), state.secret
    if told is None or secret is None or secret.by != told.by or not isinstance(told.value, list | tuple):
        return False
    return tuple(told.value) == tuple(former)


def _reset(change: Incoming, offered: Secret, house: House) -> Position:
    """The place of the reset that the password knows of.

    A reset of the writer's own that it hadn't seen ordered is looked up. Where that can't be found, as after a restore,
    the latest that the writer had seen counts.
    """
    if not is_unsent(offered.reset):
        return offered.reset
    known = join(house.state(change.cell), State(resets=change.state.resets)).resets
    own = [each.at for each in known if each.by == offered.by._replace(number=offered.reset.seq)]
    return own[0] if own else _latest_seen(change, known)


def _latest_seen(change: Incoming, known: tuple[Reset, ...]) -> Position:
    seen = change.seen[Lane.IDENTITY]
    return max((each.at for each in known if each.at <= seen), default=START)
