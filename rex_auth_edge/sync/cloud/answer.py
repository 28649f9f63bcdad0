"""One request of a hub's: who it is, whether it is the only one of its kind, and what it is told."""

import hashlib
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.domain.clock import DAY
from rex_auth_edge.sync.bodies import NEWEST, OLDEST, Compare, Hello, Pull, Push, Refusal, Why
from rex_auth_edge.sync.cloud.epochs import is_behind
from rex_auth_edge.sync.cloud.giving import MOST_ROWS, compare, page, revocations
from rex_auth_edge.sync.cloud.greeting import greet
from rex_auth_edge.sync.cloud.ordering import Ordering
from rex_auth_edge.sync.cloud.store import CloudStore, Member
from rex_auth_edge.sync.cloud.taking import take
from rex_auth_edge.sync.wire import UnspokenError, WireError, encode, opened

LONGEST_ABSENCE = 180 * DAY
_RECENT = 32
"""Requests that may still come a second time, out of turn, without the hub being taken for two."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an answer depends on beside the request: the household's store, the cloud's id, the time and chance.

    `now` is by the cloud's clock, `fresh` a new nonce, `key` as in `Ordering`; a page has `most` rows. `age` is how
    many milliseconds ago the hub has made the request, which may have been long under way.
    """

    store: CloudStore
    cloud: bytes
    now: int
    fresh: bytes
    key: bytes
    most: int = MOST_ROWS
    age: int = 0


def answer(occasion: Occasion, hub: bytes, key: bytes, raw: bytes) -> bytes:
    """The answer's bytes. `key` names the one with which the request was signed.

    A Refusal has changed nothing, but for a hub that was found to be twice and is locked, and what it says it speaks.
    """
    member = occasion.store.member(hub)
    if member is None or key not in member.keys:
        return encode(Refusal(Why.UNKNOWN_KEY))
    if member.removed:
        return encode(Refusal(Why.REMOVED))
    try:
        return _answer(occasion, hub, _rotated(member, key), key, raw)
    except UnspokenError:
        return encode(Refusal(Why.VERSION, oldest=OLDEST, newest=NEWEST))
    except WireError:
        return encode(Refusal(Why.MALFORMED))


def _rotated(member: Member, key: bytes) -> Member:
    """A new key's first use ends the old one."""
    return replace(member, keys=(key,)) if key == member.keys[-1] else member


def _answer(occasion: Occasion, hub: bytes, member: Member, key: bytes, raw: bytes) -> bytes:
    body = opened(raw)
    if body.name == Pull.__name__:
        pull = body.read(Pull)
        page_of = revocations(occasion.store, pull) if member.locked else _page(occasion, hub, member, pull)
        return encode(page_of, body.version)
    if member.locked:
        return encode(Refusal(Why.LOCKED))
    if body.name == Compare.__name__:
        return encode(compare(occasion.store, body.read(Compare)), body.version)
    request: Hello | Push = body.read(Hello) if body.name == Hello.__name__ else body.read(Push)
    return _once(occasion, hub, member, key, request, raw, body.version)


def _page(occasion: Occasion, hub: bytes, member: Member, pull: Pull) -> Struct:
    if occasion.now - member.contact > LONGEST_ABSENCE:
        return Refusal(Why.GREET)
    standing = occasion.store.standing()
    if pull.epoch != standing.at.epoch or member.epoch != pull.epoch or max(pull.after, *pull.past) > standing.at:
        return Refusal(Why.GREET)
    occasion.store.put_member(hub, replace(member, past=pull.past, contact=max(member.contact, occasion.now)))
    found = page(occasion.store, pull, occasion.most)
    return replace(found, now=occasion.now) if found.rows else found


def _once(
    occasion: Occasion, hub: bytes, member: Member, key: bytes, request: Hello | Push, raw: bytes, version: int
) -> bytes:
    """Each nonce is good for one request. Asked again, the same request is answered as before.

    Another request with a used nonce, or with one never given, comes from a copy of the hub: then neither is trusted.
    Unless the cloud has been restored since, and may have forgotten what it gave.
    """
    digest = hashlib.blake2b(raw, digest_size=16).digest()
    standing = occasion.store.standing()
    met = member.epoch == standing.at.epoch and not is_behind(standing, request.epoch, request.told)
    if request.nonce != member.nonce:
        if met and request.nonce == member.last and digest == member.digest:
            return member.answer
        if met and (request.nonce, digest) in member.recent:
            return encode(Refusal(Why.REPEATED))
        if met:
            occasion.store.put_member(hub, replace(member, locked=True))
            return encode(Refusal(Why.LOCKED))
    if isinstance(request, Push) and (not met or occasion.now - member.contact > LONGEST_ABSENCE):
        return encode(Refusal(Why.GREET))
    done = _do(occasion, hub, member, key, request)
    said = encode(done, version)
    if not isinstance(done, Refusal):
        after = occasion.store.member(hub) or member
        recent = ((request.nonce, digest), *after.recent)[:_RECENT]
        used = replace(after, nonce=occasion.fresh, last=request.nonce, digest=digest, answer=said, recent=recent)
        occasion.store.put_member(hub, replace(used, contact=max(member.contact, occasion.now)))
    return said


def _do(occasion: Occasion, hub: bytes, member: Member, key: bytes, request: Hello | Push) -> Struct:
    if isinstance(request, Push):
        occasion.store.put_member(hub, member)
        ordering = Ordering(occasion.store, occasion.cloud, occasion.now, occasion.key, occasion.age)
        return take(occasion.store, ordering, occasion.fresh, hub, request)
    away = occasion.now - member.contact > LONGEST_ABSENCE
    return greet(occasion.store, hub, member, key, request, occasion.fresh, refresh=away)
