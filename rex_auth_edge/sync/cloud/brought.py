"""What a hub brings that was away for so long that ids may have been deleted and forgotten meanwhile."""

from rex_auth_edge.sync.cloud.store import CloudStore
from rex_auth_edge.sync.kinds import HOUSEHOLD, subject_of
from rex_auth_edge.sync.order import Position
from rex_auth_edge.sync.state import Cell, Incoming


def brought(change: Incoming, since: Position, store: CloudStore) -> bool:
    """Whether it is about somebody or something that came into being there: nobody can have forgotten that.

    `since` is the place at which the hub has come back. What belongs to the whole household is none such.
    """
    kind, subject = change.cell.kind, change.cell.id
    if subject == HOUSEHOLD:
        return False
    first = store.state(Cell(subject_of(kind), subject))
    tags = [(held.by, held.at) for held in first.fields.values()]
    if first.rung is not None:
        tags.append((first.rung.by, first.rung.at))
    if not tags:
        return not store.was_buried(subject)
    return all(by.origin == change.tag.origin and at > since for by, at in tags)
