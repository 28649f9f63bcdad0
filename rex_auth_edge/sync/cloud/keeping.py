"""What the cloud does by itself: lets hubs in and out, tells what is durable, forgets the dead."""

from collections.abc import Iterable

from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.sync.cloud.answer import LONGEST_ABSENCE
from rex_auth_edge.sync.cloud.store import CloudStore, Member
from rex_auth_edge.sync.house import revoked
from rex_auth_edge.sync.kinds import Kind, subject_of
from rex_auth_edge.sync.order import Lane, Position
from rex_auth_edge.sync.state import Cell

TOMBSTONE_LIFE = 90 * DAY


def enrol(store: CloudStore, hub: bytes, key: bytes, nonce: bytes, now: int) -> Member:
    """Let a hub in, or anew where it was found to be twice: another incarnation, and no other key."""
    former, epoch = store.member(hub), store.standing().at.epoch
    incarnation = 1 if former is None else former.incarnation + 1
    member = Member(incarnation, (key,), nonce, epoch, now)
    if former is not None:
        member = replace(member, past=former.past, refresh=former.refresh)
    store.put_member(hub, member)
    return member


def remove(store: CloudStore, hub: bytes) -> None:
    """End the hub's keys; what it has let in is for its cell's change to revoke."""
    member = store.member(hub)
    if member is not None:
        store.put_member(hub, replace(member, removed=True))


def remove_ended(store: CloudStore, changed: Iterable[Cell]) -> None:
    """The same of each hub of these cells that has come to its ladder's end."""
    for cell in tuple(changed):
        if cell.kind == Kind.HUB and revoked(store, Kind.HUB, cell.id):
            remove(store, cell.id)


def made_durable(store: CloudStore, at: Position) -> None:
    """Everything up to there is in a verified backup, or on a second replica."""
    standing = store.standing()
    store.put_standing(replace(standing, durable=max(standing.durable, at)))


def bury(store: CloudStore, now: int, most: int) -> int:
    """Forget `most` of who was deleted 90 days ago, where every live hub knows it for good and it is durable. How many.

    An id is one thing's. Where a hub has ended another by the same, as a notice by a person's, neither is forgotten.
    """
    live = [member for _, member in store.members() if not member.removed and now - member.contact <= LONGEST_ABSENCE]
    known = min((member.past[Lane.SECURITY] for member in live), default=store.standing().at)
    done = 0
    for subject, at in list(store.dead(now - TOMBSTONE_LIFE)):
        standing = store.standing()
        if done == most:
            break
        if at > min(known, standing.durable) or not _is_one(store.kinds(subject)):
            continue
        store.bury(subject, standing.gone + 1)
        store.put_standing(replace(standing, gone=standing.gone + 1, floor=max(standing.floor, at)))
        done += 1
    return done


def _is_one(kinds: Iterable[str]) -> bool:
    """Whether cells of these kinds, about one id, are of one thing."""
    return len({subject_of(kind) for kind in kinds}) <= 1
