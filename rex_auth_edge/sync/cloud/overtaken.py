"""What waits for an owner about somebody or something that is over: nobody has to dismiss it."""

from rex_auth_edge.sync.house import House, field, revoked
from rex_auth_edge.sync.kinds import Kind, subject_of
from rex_auth_edge.sync.outcome import Follow, Then
from rex_auth_edge.sync.state import Cell, Incoming


def is_over(cell: Cell, house: House) -> bool:
    """Whether whom or what the cell is about has come to its end."""
    return revoked(house, subject_of(cell.kind), cell.id)


def after_end(change: Incoming, house: House) -> list[Follow]:
    """Reviews of whom or what the change is about end with it."""
    if not is_over(change.cell, house):
        return []
    cells = [Cell(Kind.REVIEW, each) for each in house.bearing(Kind.REVIEW, "id", change.cell.id)]
    about = [each for each in cells if subject_of(str(field(house, each, "kind"))) == change.cell.kind]
    return [Follow(Then.REVOKE, each) for each in about if not is_over(each, house)]
