"""The audit log's chains, followed a page at a time: each row has to follow from the one before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.audit import GENESIS, chain
from rex_auth_edge.storage.tables import audit, audit_heads

MISSING = "it is missing"
CHANGED = "it doesn't follow from the row before it"
CUT = "the log goes on past its recorded end, or ends before it"


@dataclass(frozen=True, slots=True)
class Chain:
    """One node's chain of a household: `rows` from `first` to its recorded end; no `hash` where no end is recorded.

    `named` is the household's id in its hashes, where that isn't the one here.
    """

    tenant_id: UUID
    node_id: UUID
    incarnation: int
    rows: int
    first: int
    last: int
    hash: bytes | None
    named: UUID | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """How far a chain has been followed; `hash` is None before its first row."""

    seq: int = 0
    hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """A page that was followed, to `place`. `broken` is the first bad row and `why` a sentence's end about it."""

    rows: int
    place: Place
    done: bool
    broken: int | None = None
    why: str = ""


def every(conn: sa.Connection, tenant_id: UUID) -> list[Chain]:
    """The household's chains, those that have lost their rows or their recorded end included."""
    key = (audit.c.node_id, audit.c.incarnation)
    counted = sa.select(*key, sa.func.count(), sa.func.min(audit.c.seq), sa.func.max(audit.c.seq))
    found = {
        (node, life): (rows, first, last)
        for node, life, rows, first, last in conn.execute(counted.where(audit.c.tenant_id == tenant_id).group_by(*key))
    }
    recorded = sa.select(audit_heads).where(audit_heads.c.tenant_id == tenant_id)
    heads = {(head.node_id, head.incarnation): head for head in conn.execute(recorded)}
    return [_chain(tenant_id, each, found.get(each, (0, 1, 0)), heads.get(each)) for each in sorted(found | heads)]


def _chain(tenant_id: UUID, key: tuple[UUID, int], found: tuple[int, int, int], head: Any) -> Chain:
    rows, first, last = found
    end = last if head is None else head.seq
    ending = None if head is None else bytes(head.hash)
    return Chain(tenant_id, *key, rows, first, end, ending, None if head is None else head.named)


def rows(conn: sa.Connection, which: Chain, after: int, limit: int) -> list[sa.Row[Any]]:
    """The chain's rows past `after`, in order, up to its recorded end."""
    here = (audit.c.tenant_id == which.tenant_id) & (audit.c.node_id == which.node_id)
    part = (audit.c.incarnation == which.incarnation) & (audit.c.seq > after) & (audit.c.seq <= which.last)
    return list(conn.execute(sa.select(audit).where(here & part).order_by(audit.c.seq).limit(limit)).all())


def follow(which: Chain, place: Place, page: Sequence[Any], *, done: bool) -> Followed:
    """Check the rows that come next after `place`, the chain's last if `done`.

    Where older rows were removed, the chain counts from the first that is there.
    """
    for count, row in enumerate(page):
        expected = row.seq if place == Place() else place.seq + 1
        start = GENESIS if row.seq == 1 else place.hash
        if row.seq != expected:
            return Followed(count, place, done=True, broken=int(expected), why=MISSING)
        if start is not None and chain(start, which.named or row.tenant_id, row.seq, row._asdict()) != row.hash:
            return Followed(count, place, done=True, broken=int(expected), why=CHANGED)
        place = Place(row.seq, bytes(row.hash))
    if done and (place.seq, place.hash) != (which.last, which.hash):
        return Followed(len(page), place, done=True, broken=place.seq + 1, why=CUT)
    return Followed(len(page), place, done=done)
