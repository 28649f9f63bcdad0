"""Founding a household, in the cloud: whoever registers there without an invitation gets one, and owns it.

It has its id from the first, so that all that belongs to it is found by it, and comes to be with its owner.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy, uuid7
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.roles import Registration
from rex_auth_edge.storage import tenants
from rex_auth_edge.storage.tx import Tx

_SLUG = "abcdefghjkmnpqrstvwxyz23456789"
_RANDOM = 6
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class ToBe:
    """A household that nobody has founded yet, as others are seen."""

    id: UUID
    name: str = ""
    password_rule: str = PasswordRule.COMPOSITION
    registration: str = Registration.INVITE


def to_be(entropy: Entropy, clock: Clock) -> ToBe:
    """A household for somebody who begins to register."""
    return ToBe(uuid7(entropy, clock.now()))


def slug_for(tx: Tx, text: str) -> str:
    """A slug that says a little, and can't be guessed."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST] or "home"
    return f"{plain}-" + "".join(_SLUG[tx.entropy.below(len(_SLUG))] for _ in range(_RANDOM))


def found(tx: Tx, row: Any, username: str) -> None:
    """Make the household of a registration whose address is proven."""
    name = f"{row.first_name or username}'s household"
    tenants.create(
        tx, slug=slug_for(tx, username), name=name[:120], registration=Registration.INVITE, id_=row.tenant_id
    )
