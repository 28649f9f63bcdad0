"""The audit log between nodes: what of a node's own chains others haven't heard of, and what theirs say here."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.storage.prepared import Prepared
from rex_auth_edge.storage.sync_tables import sync_audited
from rex_auth_edge.storage.tables import audit, audit_heads
from rex_auth_edge.storage.tx import Tx

_add_row = Prepared(sa.insert(audit))


def unheard(conn: sa.Connection, tenant_id: UUID, node_id: UUID, limit: int) -> list[sa.Row[Any]]:
    """Rows of the node's own chains that others haven't been told of, `limit` at most."""
    same = (sync_audited.c.tenant_id == audit_heads.c.tenant_id) & (sync_audited.c.node_id == audit_heads.c.node_id)
    heads = (
        sa.select(audit_heads.c.incarnation, sa.func.coalesce(sync_audited.c.seq, 0).label("told"))
        .join(sync_audited, same & (sync_audited.c.incarnation == audit_heads.c.incarnation), isouter=True)
        .where((audit_heads.c.tenant_id == tenant_id) & (audit_heads.c.node_id == node_id))
        .where(audit_heads.c.seq > sa.func.coalesce(sync_audited.c.seq, 0))
        .order_by(audit_heads.c.incarnation)
    )
    found: list[sa.Row[Any]] = []
    for head in conn.execute(heads).all():
        where = _of(tenant_id, node_id, head.incarnation) & (audit.c.seq > head.told)
        found += conn.execute(sa.select(audit).where(where).order_by(audit.c.seq).limit(limit - len(found))).all()
        if len(found) >= limit:
            break
    return found


def heard(tx: Tx, tenant_id: UUID, node_id: UUID, incarnation: int, seq: int) -> None:
    """The node's chain has been told of up to there."""
    where = (sync_audited.c.tenant_id == tenant_id) & (sync_audited.c.node_id == node_id)
    one = where & (sync_audited.c.incarnation == incarnation)
    if not tx.conn.execute(sa.update(sync_audited).where(one).values(seq=seq)).rowcount:
        key = {"tenant_id": tenant_id, "node_id": node_id, "incarnation": incarnation}
        tx.conn.execute(sa.insert(sync_audited).values(key | {"seq": seq}))


def head(conn: sa.Connection, tenant_id: UUID, node_id: UUID, incarnation: int) -> Any:
    """A chain's recorded end, or None."""
    return conn.execute(sa.select(audit_heads).where(_heads(tenant_id, node_id, incarnation))).one_or_none()


def move_head(tx: Tx, tenant_id: UUID, node_id: UUID, incarnation: int, values: dict[str, Any]) -> None:
    """Record how far a chain of another node has been followed here."""
    if not tx.conn.execute(
        sa.update(audit_heads).where(_heads(tenant_id, node_id, incarnation)).values(values)
    ).rowcount:
        key = {"tenant_id": tenant_id, "node_id": node_id, "incarnation": incarnation}
        tx.conn.execute(sa.insert(audit_heads).values(key | values))


def present(conn: sa.Connection, tenant_id: UUID, node_id: UUID, incarnation: int, seqs: Iterable[int]) -> set[int]:
    """Which of these rows are here already."""
    where = _of(tenant_id, node_id, incarnation) & audit.c.seq.in_(list(seqs))
    return set(conn.execute(sa.select(audit.c.seq).where(where)).scalars())


def add(tx: Tx, row: dict[str, Any]) -> None:
    """One row of another node's chain."""
    _add_row.change(tx.conn, **row)


def following(conn: sa.Connection, tenant_id: UUID, node_id: UUID, incarnation: int, seq: int) -> Iterator[Any]:
    """The chain's rows past a place, in order, some at a time."""
    where = _of(tenant_id, node_id, incarnation) & (audit.c.seq > seq)
    yield from conn.execute(sa.select(audit).where(where).order_by(audit.c.seq).limit(1000)).all()


def _of(tenant_id: UUID, node_id: UUID, incarnation: int) -> sa.ColumnElement[bool]:
    return sa.and_(audit.c.tenant_id == tenant_id, audit.c.node_id == node_id, audit.c.incarnation == incarnation)


def _heads(tenant_id: UUID, node_id: UUID, incarnation: int) -> sa.ColumnElement[bool]:
    here = (audit_heads.c.tenant_id == tenant_id) & (audit_heads.c.node_id == node_id)
    return here & (audit_heads.c.incarnation == incarnation)
