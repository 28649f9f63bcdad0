"""From the cells to the rows: what has come from elsewhere, or was decided otherwise than it was done here."""

from collections.abc import Iterable
from uuid import UUID

from rex_auth_edge.exchange.mirror import (
    arrivals,
    audit,
    devices,
    failures,
    invitations,
    letting_go,
    passwords,
    policy,
)
from rex_auth_edge.exchange.mirror.side import ID_BYTES, Side, uuid_of
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.house import House, field
from rex_auth_edge.sync.kinds import Kind, subject_of
from rex_auth_edge.sync.state import Cell

_OF_FAILURES = frozenset({Kind.FAILURES, Kind.BAN})
_OF_SESSIONS = frozenset({Kind.SESSION, Kind.SESSION_END})


def adopt(
    tx: Tx, parts: Parts, tenant_id: UUID, house: House, cells: Iterable[Cell], clouds: int | None = None
) -> None:
    """Bring the household's rows to what the house says of these cells; where they say it already, nothing changes.

    Whoever is no longer let in is refused from the commit on, with whatever they hold. Sessions that end here for
    another reason than the cells', as where somebody has a lower role now, are left touched in the transaction: they
    are this node's own changes, to be captured after this. `clouds` is the time by the cloud's clock, on a hub that has
    just heard from it.
    """
    clouds = tx.now.wall if parts.home == NOBODY else clouds
    side = Side(tx.conn, parts, tenant_id, house, tx.node.id.bytes, tx.now, clouds=clouds)
    changed = [cell for cell in cells if len(cell.id) == ID_BYTES]
    persons = {cell.id for cell in changed if subject_of(cell.kind) == Kind.USER}
    told = {cell.id for cell in changed if cell.kind == Kind.NOTICE}
    persons |= {each for notice in told if uuid_of(each := field(house, Cell(Kind.NOTICE, notice), "about"))}
    new = arrivals.adopt(tx, side, persons, told)
    parts.setup.settle(tx, tenant_id)
    kinds = {cell.kind for cell in changed}
    letting_go.signed_out(tx, side, {cell.id for cell in changed if cell.kind == Kind.SIGN_OUT})
    sessions = {cell.id for cell in changed if cell.kind in _OF_SESSIONS}
    sessions |= set(house.subjects(Kind.SESSION)) if new else set()
    if Kind.KEY in kinds:
        tx.after_commit.append(parts.people.forget)  # with whoever was let in by a key
    if Kind.POLICY in kinds:
        policy.adopt(tx, side)
        passwords.share_again(tx, side)
    devices.adopt(tx, side, {cell.id for cell in changed if subject_of(cell.kind) == Kind.DEVICE})
    invitations.adopt(tx, side, {cell.id for cell in changed if cell.kind == Kind.INVITATION})
    failing = {cell.id for cell in changed if cell.kind in _OF_FAILURES}
    failures.adopt(tx, side, failing | (persons if new else set()))
    audit.adopt(tx, side, sorted(cell.id for cell in changed if cell.kind == Kind.AUDIT))
    letting_go.settle(tx, side, sessions, persons, everybody=Kind.HUB in kinds)
