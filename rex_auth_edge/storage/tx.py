"""A transaction as flows see it: a connection, one instant, randomness, and what to do once it is committed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.entropy import Entropy, Ids


@dataclass(frozen=True, slots=True)
class Node:
    """This program's identity among the nodes of a household; a restored copy gets a new incarnation."""

    id: UUID
    incarnation: int


class What(StrEnum):
    """What of a household other nodes may have to hear of."""

    PERSON = "person"
    RESET = "reset"
    SIGN_OUT = "sign_out"
    SESSION = "session"
    DEVICE = "device"
    INVITATION = "invitation"
    POLICY = "policy"
    NAME = "name"
    FAILURES = "failures"
    KEYS = "keys"
    AUDIT = "audit"
    ADDRESS_LOST = "address_lost"


class Touch(NamedTuple):
    """One thing that a transaction has changed. A person's sign-out leaves one session, if any: `but`."""

    what: What
    id: UUID
    but: UUID | None = None


@dataclass(slots=True)
class Tx:
    """What a flow writes through. Everything in it is committed together, or not at all.

    `after_commit` runs, in order, once the commit is durable and before anybody is answered. `in_doubt` runs instead
    where nobody can know whether it is, for what errs on the safe side. On a `full` disk only the reserve is left, and
    that is for revocations: a flow that may be one or not refuses what is not.

    `touched` says of each household what a store's `finish` is then told of, and `actors` who has last put something on
    record there, None for the node itself. `held` are people whose change turns out, at the end, to wait for an owner
    elsewhere.
    """

    conn: sa.Connection
    now: Moment
    entropy: Entropy
    ids: Ids
    node: Node
    full: bool = False
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    in_doubt: list[Callable[[], None]] = field(default_factory=list)
    touched: dict[UUID, set[Touch]] = field(default_factory=dict)
    actors: dict[UUID, UUID | None] = field(default_factory=dict)
    held: set[UUID] = field(default_factory=set)
    _quiet: bool = field(default=False, init=False)

    def new_id(self) -> UUID:
        """A fresh UUIDv7 of this instant, above those made before it."""
        return self.ids.next(self.now)

    def touch(self, tenant_id: UUID, what: What, about: UUID, *, but: UUID | None = None) -> None:
        """Note that this transaction changes something that other nodes may have to hear of."""
        if not self._quiet:
            self.touched.setdefault(tenant_id, set()).add(Touch(what, about, but))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """What is written inside has come from other nodes: none of them has to hear of it again."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before
