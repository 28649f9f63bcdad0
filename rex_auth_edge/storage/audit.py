"""The audit log: append-only, one hash chain per household, node and incarnation."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.tables import audit, audit_heads
from rex_auth_edge.storage.tx import Tx, What

GENESIS = bytes(32)
"""The hash before a chain's first row."""
_LOOKED_AT = 1000

_encode = msgspec.json.Encoder(order="deterministic").encode
_HASHED = ("at", "clock", "event", "outcome", "actor_id", "subject_id", "session_id", "ip_address", "device", "detail")

_head_key = (
    (audit_heads.c.tenant_id == sa.bindparam("tenant"))
    & (audit_heads.c.node_id == sa.bindparam("node"))
    & (audit_heads.c.incarnation == sa.bindparam("life"))
)
_read_head = Prepared(sa.select(audit_heads.c.seq, audit_heads.c.hash).where(_head_key).with_for_update())
_move_head = Prepared(
    sa.update(audit_heads).where(_head_key).values(seq=sa.bindparam("next_seq"), hash=sa.bindparam("next_hash"))
)
_add_head = sa.insert(audit_heads)
_add_row = Prepared(sa.insert(audit))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to look for: what about, how it ended, about or by whom, from when (inclusive) to when (exclusive)."""

    event: str | None = None
    outcome: str | None = None
    person: UUID | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `name` is like `login`, `outcome` is `success` or a refusal's code; `detail` bears no secrets.

    Other nodes hear at once of what isn't `usual`, and of the rest with what comes next.
    """

    name: str
    outcome: str = "success"
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    session_id: UUID | None = None
    caller: Caller = Caller()
    detail: Mapping[str, Any] = field(default_factory=dict)
    usual: bool = False


def record(tx: Tx, tenant_id: UUID, event: Event) -> None:
    """Append `event` to the household's chain, in the flow's own transaction."""
    tx.actors[tenant_id] = event.actor_id
    if not event.usual:
        tx.touch(tenant_id, What.AUDIT, tx.node.id)
    key = {"tenant": tenant_id, "node": tx.node.id, "life": tx.node.incarnation}
    head = _read_head.one(tx.conn, **key)
    row = {
        "at": tx.now.wall,
        "clock": tx.now.state.value,
        "event": event.name,
        "outcome": event.outcome,
        "actor_id": event.actor_id,
        "subject_id": event.subject_id,
        "session_id": event.session_id,
        "ip_address": event.caller.ip_address or None,
        "device": event.caller.label if event.caller.user_agent else None,
        "detail": _encode(event.detail).decode(),
    }
    seq, before = (head.seq + 1, bytes(head.hash)) if head else (1, GENESIS)
    link = chain(before, tenant_id, seq, row)
    ids = {"tenant_id": tenant_id, "node_id": tx.node.id, "incarnation": tx.node.incarnation, "seq": seq, "hash": link}
    if head is None:
        tx.conn.execute(_add_head, ids)
    else:
        _move_head.change(tx.conn, **key, next_seq=seq, next_hash=link)
    _add_row.change(tx.conn, **ids, **row)


def chain(before: bytes, tenant_id: UUID, seq: int, row: Mapping[str, Any]) -> bytes:
    """The hash of a row: SHA-256 over the hash before it, its place and its content."""
    content = _encode([str(tenant_id), seq, *(row[name] for name in _HASHED)])
    return hashlib.sha256(before + content).digest()


def outlived(conn: sa.Connection, now: Moment, age: int) -> list[tuple[UUID, UUID, int, int]]:
    """Where each chain's rows of `age` milliseconds ago and before end: its household, node, incarnation and seq.

    By the floor, so that no wall clock makes them old early. At most some 1,000 rows of each chain at a time.
    """
    heads = conn.execute(sa.select(audit_heads.c.tenant_id, audit_heads.c.node_id, audit_heads.c.incarnation)).all()
    ends = [(*head, _last_before(conn, head, now, now.floor - age)) for head in heads]
    return [(tenant_id, node_id, life, seq) for tenant_id, node_id, life, seq in ends if seq is not None]


def _last_before(conn: sa.Connection, head: Any, now: Moment, horizon: int) -> int | None:
    """The last old row among the chain's first ones; rows of a forged future are passed over."""
    after = 0
    while True:
        query = sa.select(audit.c.seq, audit.c.at).where(_of(*head) & (audit.c.seq > after)).order_by(audit.c.seq)
        page = conn.execute(query.limit(_LOOKED_AT)).all()
        old = [row.seq for row in page if row.at < horizon]
        if old or len(page) < _LOOKED_AT or any(row.at <= now.wall for row in page):
            return max(old, default=None)
        after = page[-1].seq


def forget(tx: Tx, ends: Sequence[tuple[UUID, UUID, int, int]]) -> None:
    """Delete what `outlived` has found; each chain counts from its first row that is left."""
    for tenant_id, node_id, life, seq in ends:
        tx.conn.execute(sa.delete(audit).where(_of(tenant_id, node_id, life) & (audit.c.seq <= seq)))


def _of(tenant_id: UUID, node_id: UUID, life: int) -> sa.ColumnElement[bool]:
    return (audit.c.tenant_id == tenant_id) & (audit.c.node_id == node_id) & (audit.c.incarnation == life)


def history(conn: sa.Connection, tenant_id: UUID, subject_id: UUID, *, offset: int, limit: int) -> list[sa.Row[Any]]:
    """What happened to a person, newest first."""
    query = sa.select(audit).where((audit.c.tenant_id == tenant_id) & (audit.c.subject_id == subject_id))
    return list(conn.execute(query.order_by(audit.c.at.desc(), audit.c.seq.desc()).offset(offset).limit(limit)).all())


def page(conn: sa.Connection, tenant_id: UUID, *, offset: int, limit: int) -> list[sa.Row[Any]]:
    """What happened in the household, newest first."""
    query = sa.select(audit).where(audit.c.tenant_id == tenant_id).order_by(audit.c.at.desc(), audit.c.seq.desc())
    return list(conn.execute(query.offset(offset).limit(limit)).all())


def search(conn: sa.Connection, tenant_id: UUID, wanted: Wanted, limit: int) -> list[sa.Row[Any]]:
    """What happened in the household, newest first; an event `login` stands for `login.new_device` too."""
    where = [audit.c.tenant_id == tenant_id]
    if wanted.event is not None:
        where.append((audit.c.event == wanted.event) | audit.c.event.startswith(f"{wanted.event}.", autoescape=True))
    if wanted.outcome is not None:
        where.append(audit.c.outcome == wanted.outcome)
    if wanted.person is not None:
        where.append((audit.c.subject_id == wanted.person) | (audit.c.actor_id == wanted.person))
    if wanted.since is not None:
        where.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        where.append(audit.c.at < wanted.until)
    newest = sa.select(audit).where(*where).order_by(audit.c.at.desc(), audit.c.seq.desc())
    return list(conn.execute(newest.limit(limit)).all())
