"""The audit log: append-only, one hash chain per household, node and incarnation."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.storage.tables import audit, audit_heads
from rex_auth_edge.storage.tx import Tx

GENESIS = bytes(32)
"""The hash before a chain's first row."""

_encode = msgspec.json.Encoder(order="deterministic").encode
_HASHED = ("at", "clock", "event", "outcome", "actor_id", "subject_id", "session_id", "ip_address", "device", "detail")

_head_key = (
    (audit_heads.c.tenant_id == sa.bindparam("tenant"))
    & (audit_heads.c.node_id == sa.bindparam("node"))
    & (audit_heads.c.incarnation == sa.bindparam("life"))
)
_read_head = sa.select(audit_heads.c.seq, audit_heads.c.hash).where(_head_key).with_for_update()
_move_head = (
    sa.update(audit_heads).where(_head_key).values(seq=sa.bindparam("next_seq"), hash=sa.bindparam("next_hash"))
)
_add_head = sa.insert(audit_heads)
_add_row = sa.insert(audit)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `name` is like `login`, `outcome` is `success` or a refusal's code; `detail` bears no secrets."""

    name: str
    outcome: str = "success"
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    session_id: UUID | None = None
    caller: Caller = Caller()
    detail: Mapping[str, Any] = field(default_factory=dict)


def record(tx: Tx, tenant_id: UUID, event: Event) -> None:
    """Append `event` to the household's chain, in the flow's own transaction."""
    key = {"tenant": tenant_id, "node": tx.node.id, "life": tx.node.incarnation}
    head = tx.conn.execute(_read_head, key).one_or_none()
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
        tx.conn.execute(_move_head, key | {"next_seq": seq, "next_hash": link})
    tx.conn.execute(_add_row, ids | row)


def chain(before: bytes, tenant_id: UUID, seq: int, row: Mapping[str, Any]) -> bytes:
    """The hash of a row: SHA-256 over the hash before it, its place and its content."""
    content = _encode([str(tenant_id), seq, *(row[name] for name in _HASHED)])
    return hashlib.sha256(before + content).digest()


def first_broken(conn: sa.Connection, tenant_id: UUID) -> tuple[int, UUID] | None:
    """The (seq, node) of the first row that doesn't follow from the one before it, or None where all chains hold."""
    heads = conn.execute(sa.select(audit_heads).where(audit_heads.c.tenant_id == tenant_id)).all()
    for head in heads:
        broken = _broken_in(conn, head)
        if broken is not None:
            return broken, head.node_id
    return None


def _broken_in(conn: sa.Connection, head: sa.Row[Any]) -> int | None:
    """The first bad seq of one chain, reading it in order; a chain that stops short of its head is broken there."""
    here = (audit.c.tenant_id == head.tenant_id) & (audit.c.node_id == head.node_id)
    query = sa.select(audit).where(here & (audit.c.incarnation == head.incarnation)).order_by(audit.c.seq)
    before, seq = None, 0
    for row in conn.execute(query):
        expected = row.seq if before is None else seq + 1
        start = GENESIS if row.seq == 1 else before
        if row.seq != expected or (
            start is not None and chain(start, row.tenant_id, row.seq, row._asdict()) != row.hash
        ):
            return int(expected)
        before, seq = bytes(row.hash), row.seq
    return None if (seq, before) == (head.seq, bytes(head.hash)) else seq + 1


def history(conn: sa.Connection, tenant_id: UUID, subject_id: UUID, *, offset: int, limit: int) -> list[sa.Row[Any]]:
    """What happened to a person, newest first."""
    query = sa.select(audit).where((audit.c.tenant_id == tenant_id) & (audit.c.subject_id == subject_id))
    return list(conn.execute(query.order_by(audit.c.at.desc(), audit.c.seq.desc()).offset(offset).limit(limit)).all())


def page(conn: sa.Connection, tenant_id: UUID, *, offset: int, limit: int) -> list[sa.Row[Any]]:
    """What happened in the household, newest first."""
    query = sa.select(audit).where(audit.c.tenant_id == tenant_id).order_by(audit.c.at.desc(), audit.c.seq.desc())
    return list(conn.execute(query.offset(offset).limit(limit)).all())
