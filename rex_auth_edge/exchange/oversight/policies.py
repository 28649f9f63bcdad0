"""What owners decide about synchronisation, beside the rest of the household's policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import names
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.oversight.changing import change_cells
from rex_auth_edge.exchange.scribe import Scribe
from rex_auth_edge.exchange.stores.shown import Shown
from rex_auth_edge.flows.household import house
from rex_auth_edge.flows.household.actor import Actor, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import sync_shared, users
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.house import field
from rex_auth_edge.sync.kinds import HOUSEHOLD, Kind
from rex_auth_edge.sync.state import Cell

CLOUD_GRANTS = ("wait", "stand")
"""What becomes of a role that somebody is given in the cloud: it waits for an owner at home, or stands."""

_CELL = Cell(Kind.POLICY, HOUSEHOLD)
_FIELDS = {"cloud_grants", "passwords_home"}
_ALONE = Refused(
    Code.NOT_ENROLLED, "Nobody else has this household: enrol its hub first", dict.fromkeys(_FIELDS, "alone")
)
_BAD_GRANTS = Refused(
    Code.INVALID_FIELD, "cloud_grants is one of " + ", ".join(CLOUD_GRANTS), {"cloud_grants": "not one of these"}
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The household's policy; of what is synchronised as well, where it is.

    `cloud_grants` is one of CLOUD_GRANTS; `passwords_home` are the usernames of those whose password is known at home
    only, beside everybody's where `shares` has no passwords. Both are None where the household is shared with nobody.
    """

    house: house.Policy
    cloud_grants: str | None = None
    passwords_home: tuple[str, ...] | None = None


async def policy(parts: Parts, actor: Actor) -> Policy | Refused:
    """What holds in the household."""
    found = await house.policy(parts, actor)
    if isinstance(found, Refused):
        return found
    return await parts.store.read(lambda conn: _with(conn, actor.tenant_id, found))


def _with(conn: sa.Connection, tenant_id: UUID, found: house.Policy) -> Policy:
    if not sync_shared.is_shared(conn, tenant_id):
        return Policy(found)
    shown = Shown(conn, tenant_id)
    grants, home = field(shown, _CELL, "cloud_grants"), field(shown, _CELL, "passwords_home")
    people = [users.get(conn, tenant_id, UUID(bytes=each)) for each in _listed(home) if _is_id(each)]
    named = tuple(sorted(person.username for person in people if person is not None))
    return Policy(found, grants if grants in CLOUD_GRANTS else CLOUD_GRANTS[0], named)


def _listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else []


def _is_id(found: Any) -> bool:
    return isinstance(found, bytes) and len(found) == len(HOUSEHOLD)


async def set_policy(parts: Parts, actor: Actor, wanted: Mapping[str, str]) -> Policy | Refused:
    """Change what is in `wanted`, all texts: see `house.set_policy`; `passwords_home` are usernames with commas.

    A password that stays at home from now on is taken back from wherever it went. Nobody can sign in in the cloud with
    it, until it is set anew there or may leave again: then a hub that has it tells it.
    """
    rest = {name: text for name, text in wanted.items() if name not in _FIELDS}
    values = house.checked(rest)
    if isinstance(values, Refused):
        return values
    own = {name: text for name, text in wanted.items() if name in _FIELDS}
    if own.get("cloud_grants", CLOUD_GRANTS[0]) not in CLOUD_GRANTS:
        return _BAD_GRANTS

    def work(tx: Tx) -> Policy | Refused:
        if (refused := refusal(tx, actor, Act.SET_POLICY)) is not None:
            return refused
        if (refused := _put(tx, parts, actor, own)) is not None:
            return refused
        return _with(tx.conn, actor.tenant_id, house.put_policy(tx, parts, actor, wanted, values))

    return await parts.store.write(work)


def _put(tx: Tx, parts: Parts, actor: Actor, own: Mapping[str, str]) -> Refused | None:
    """Write what only cells have."""
    if not own:
        return None
    if not sync_shared.is_shared(tx.conn, actor.tenant_id):
        return _ALONE
    fields: dict[str, Any] = {"cloud_grants": own["cloud_grants"]} if "cloud_grants" in own else {}
    if "passwords_home" in own:
        people = _people(tx.conn, actor.tenant_id, own["passwords_home"])
        if isinstance(people, Refused):
            return people
        fields["passwords_home"] = people
    return change_cells(tx, parts, actor.tenant_id, partial(_write, fields=fields, actor=actor))


def _write(scribe: Scribe, *, fields: dict[str, Any], actor: Actor) -> None:
    scribe.write(_CELL, scribe.pen().put(**fields), actor.user_id.bytes if actor.user_id else None)


def _people(conn: sa.Connection, tenant_id: UUID, listed: str) -> list[bytes] | Refused:
    found = []
    for name in filter(None, map(str.strip, listed.split(","))):
        person = users.by_username(conn, tenant_id, names.username_key(name))
        if person is None:
            said = f"There is nobody called {name}"
            return Refused(Code.INVALID_FIELD, said, {"passwords_home": "unknown"})
        found.append(person.id.bytes)
    return sorted(set(found))
