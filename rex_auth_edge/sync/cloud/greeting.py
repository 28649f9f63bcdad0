"""A hub introduces itself: its versions, where it stands, and whether it is the one that was here before."""

from msgspec.structs import replace

from rex_auth_edge.sync.bodies import NEWEST, OLDEST, Head, Hello, Refusal, Welcome, Why
from rex_auth_edge.sync.cloud.epochs import catch_up, cut_of, is_behind
from rex_auth_edge.sync.cloud.store import CloudStore, Member, Standing
from rex_auth_edge.sync.order import Lane

_LONGEST_KEY = 64
"""Bytes of a public key."""


def greet(
    store: CloudStore, hub: bytes, member: Member, key: bytes, hello: Hello, fresh: bytes, *, refresh: bool
) -> Welcome | Refusal:
    """Where to go on from. A hub that was restored, or forked, becomes another incarnation.

    A hub that knows more than the cloud shows that this was restored: another epoch begins.
    """
    if hello.next_key is not None and len(hello.next_key) > _LONGEST_KEY:
        return Refusal(Why.MALFORMED)
    member = replace(member, speaks=(hello.oldest, hello.newest))
    if min(hello.newest, NEWEST) < max(hello.oldest, OLDEST):
        store.put_member(hub, member)
        return Refusal(Why.VERSION, oldest=OLDEST, newest=NEWEST)
    if is_behind(store.standing(), hello.epoch, hello.told) and not catch_up(store, max(hello.epoch, hello.told.epoch)):
        return Refusal(Why.CLOUD_BEHIND)
    at, heads = store.standing().at, tuple(store.end(hub, hello.incarnation, lane).head for lane in Lane)
    incarnation = hello.incarnation
    if not _is_the_same(member, hello, heads, new_epoch=member.epoch != at.epoch):
        incarnation = max(member.incarnation, hello.incarnation) + 1
    keys = (key, hello.next_key) if hello.next_key is not None and hello.next_key != key else (key,)
    since = at if refresh else member.refresh
    met = replace(member, incarnation=incarnation, epoch=at.epoch, keys=keys, refresh=since)
    store.put_member(hub, met)
    return _welcome(store.standing(), met, hello, heads, fresh)


def _welcome(standing: Standing, met: Member, hello: Hello, heads: tuple[Head, ...], fresh: bytes) -> Welcome:
    return Welcome(
        nonce=fresh,
        version=min(hello.newest, NEWEST),
        epoch=standing.at.epoch,
        began=cut_of(standing, hello.epoch),
        incarnation=met.incarnation,
        heads=heads,
        head=standing.at,
        durable=standing.durable,
        pruned=standing.gone,
        refresh=met.refresh,
        key=met.keys[-1],
    )


def spoken(member: Member) -> str:
    """Whether hub and cloud speak a version of the exchange in common, and who has to be updated where they don't."""
    oldest, newest = member.speaks
    return "outdated" if newest < OLDEST else "ahead" if oldest > NEWEST else "active"


def _is_the_same(member: Member, hello: Hello, heads: tuple[Head, ...], *, new_epoch: bool) -> bool:
    """Whether the hub holds the very ends that the cloud has. A restored cloud may have earlier ones."""
    if hello.restored or hello.incarnation != member.incarnation or len(hello.heads) != len(heads):
        return False
    if any(head.number > hello.number for head in heads):
        return False
    return all(_holds(held, head, new_epoch=new_epoch) for head, held in zip(heads, hello.heads, strict=True))


def _holds(held: tuple[Head, ...], head: Head, *, new_epoch: bool) -> bool:
    """Whether the hub has written what the cloud has of a lane. What came after that a restored cloud doesn't know."""
    further = max((each.number for each in held), default=0)
    return head.number == 0 or head in held or (new_epoch and head.number < further)
