"""What both directions work with: the rows, the cells beside them, and what is still to be written of the one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.standing import House
from rex_auth_edge.sync.state import Cell, State

LONGEST_ID = 16


@dataclass(frozen=True, slots=True)
class Side:
    """One household here. `node` is who writes its own changes."""

    conn: sa.Connection
    parts: Parts
    tenant_id: UUID
    house: House
    node: bytes
    now: Moment


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that the rows call for: what the pen makes of it, who did it, and what follows once it is written."""

    cell: Cell
    make: Callable[[Pen], State]
    actor: bytes | None = None
    then: Callable[[Tx, Tag], None] = field(default=lambda _tx, _tag: None)


def value(state: State, name: str) -> Any:
    """A field's value, None where there is none."""
    held = state.fields.get(name)
    return None if held is None else held.value


def text(found: Any, most: int) -> str | None:
    """What another node calls a text, as far as it fits the column; None for what is none."""
    return found[:most] if isinstance(found, str) and found else None


def uuid_of(found: Any) -> UUID | None:
    """Somebody's id, None for what is none."""
    return UUID(bytes=bytes(found)) if isinstance(found, bytes) and len(found) == LONGEST_ID else None


def id_of(user_id: UUID | None) -> bytes | None:
    """An id as cells have it."""
    return None if user_id is None else user_id.bytes
