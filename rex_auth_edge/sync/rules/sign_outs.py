"""Signing out everywhere: a mark that nobody lifts, and that is gone once a later one ends all that it ended."""

from msgspec.structs import replace

from rex_auth_edge.sync.house import House, revoked
from rex_auth_edge.sync.kinds import Kind
from rex_auth_edge.sync.order import START, Lane, follows
from rex_auth_edge.sync.outcome import Verdict, take
from rex_auth_edge.sync.state import Cell, Incoming, Mark, State


def decide_sign_out(change: Incoming, house: House) -> Verdict:  # noqa: ARG001 - a rule
    """Whatever it says, it lifts nothing: what was ended by a former one would begin again."""
    return take(change, replace(change.state, cleared=START, own=()))


def without_needless(change: Incoming, delta: State, house: House) -> State:
    """The change's delta, which also clears away former marks, up to the first that ends more than its latest does.

    Only the cloud does it, which knows what sessions there are.
    """
    latest = next((mark for mark in delta.marks if mark.by == change.tag), None)
    if latest is None:
        return delta
    needless = {mark.by for mark in delta.marks if mark != latest and _outdone(mark, latest, change, house)}
    former = [mark for mark in house.state(change.cell).marks if mark.by != latest.by]
    kept = min((mark.at for mark in former if not _outdone(mark, latest, change, house)), default=None)
    cleared = max((mark.at for mark in former if kept is None or mark.at < kept), default=START)
    return replace(delta, marks=tuple(mark for mark in delta.marks if mark.by not in needless), cleared=cleared)


def _outdone(former: Mark, latest: Mark, change: Incoming, house: House) -> bool:
    """Whether every session that the former mark ends is ended by the latest one as well.

    Whoever has begun a session knowing of the latest knew of the former, if that one's writer did. The session that the
    latest spares must be none that the former ends.
    """
    if not follows(change.tag, change.seen[Lane.SECURITY], former.by, former.at):
        return False
    spared = latest.what
    if not isinstance(spared, bytes) or spared == former.what or revoked(house, Kind.SESSION_END, spared):
        return True
    rung = house.state(Cell(Kind.SESSION, spared)).rung
    return rung is not None and follows(rung.by, rung.seen, former.by, former.at)
