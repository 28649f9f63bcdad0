"""What both directions work with: the rows, the cells beside them, and what is still to be written of the one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.flows.household.house import SHARES
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage import tenants
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.house import House
from rex_auth_edge.sync.order import Tag
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Cell, State

ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Side:
    """One household here. `node` is who writes its own changes, `kept` what of them the policy keeps at home.

    `clouds` is the time by the cloud's clock, in milliseconds since 1970, where it is known.
    """

    conn: sa.Connection
    parts: Parts
    tenant_id: UUID
    house: House
    node: bytes
    now: Moment
    kept: frozenset[str] = frozenset()
    clouds: int | None = None

    @classmethod
    def of(cls, conn: sa.Connection, parts: Parts, tenant_id: UUID, house: House, node: bytes, now: Moment) -> "Side":
        """The same with what the household's row says of it; in the cloud nothing is at home."""
        shares = None if parts.home == NOBODY else tenants.get(conn, tenant_id).shares
        kept: frozenset[str] = frozenset() if shares is None else frozenset(SHARES) - set(shares.split(","))
        return cls(conn, parts, tenant_id, house, node, now, kept)


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


def one_of(found: Any, choices: Iterable[str], usual: str) -> str:
    """What another node has chosen, or the usual where that is none of the choices."""
    return found if isinstance(found, str) and found in set(choices) else usual


def number(found: Any) -> int | None:
    """What another node calls a time, in milliseconds since 1970; None for what is none."""
    return found if isinstance(found, int) and 0 <= found < 1 << 62 else None


def uuid_of(found: Any) -> UUID | None:
    """Somebody's id, None for what is none."""
    return UUID(bytes=bytes(found)) if isinstance(found, bytes) and len(found) == ID_BYTES else None


def id_of(user_id: UUID | None) -> bytes | None:
    """An id as cells have it."""
    return None if user_id is None else user_id.bytes
