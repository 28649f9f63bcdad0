"""A transaction as flows see it: a connection, one instant, randomness, and what to do once it is committed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.entropy import Entropy, Ids


@dataclass(frozen=True, slots=True)
class Node:
    """This program's identity among the nodes of a household; a restored copy gets a new incarnation."""

    id: UUID
    incarnation: int


@dataclass(slots=True)
class Tx:
    """What a flow writes through. Everything in it is committed together, or not at all.

    `after_commit` runs, in order, once the commit is durable and before anybody is answered. `in_doubt` runs instead
    where nobody can know whether it is, for what errs on the safe side. On a `full` disk only the reserve is left, and
    that is for revocations: a flow that may be one or not refuses what is not.
    """

    conn: sa.Connection
    now: Moment
    entropy: Entropy
    ids: Ids
    node: Node
    full: bool = False
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    in_doubt: list[Callable[[], None]] = field(default_factory=list)

    def new_id(self) -> UUID:
        """A fresh UUIDv7 of this instant, above those made before it."""
        return self.ids.next(self.now)
