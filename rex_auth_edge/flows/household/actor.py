"""Who acts on a household, and whether they may: the only place that reads the table of permissions."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import GONE, Code, Refused
from rex_auth_edge.domain.roles import PERMISSIONS, Act, Role
from rex_auth_edge.flows.password import unless_fresh, unless_proven
from rex_auth_edge.storage import users
from rex_auth_edge.storage.audit import Event, record
from rex_auth_edge.storage.tx import Tx

NO_MEMBER = Refused(Code.NOT_FOUND, "There is no such member")
_CONSOLE = Caller(user_agent="console")


@dataclass(frozen=True, slots=True)
class Actor:
    """One of the household's people by their session, or (without `principal`) the hub's console, which may do all."""

    tenant_id: UUID
    caller: Caller
    principal: Principal | None = None

    @classmethod
    def person(cls, principal: Principal, caller: Caller) -> "Actor":
        """Somebody who is signed in; the household is theirs, and no other."""
        return cls(principal.tenant_id, caller, principal)

    @classmethod
    def console(cls, tenant_id: UUID) -> "Actor":
        """Whoever has the hub's console."""
        return cls(tenant_id, _CONSOLE)

    @property
    def user_id(self) -> UUID | None:
        """The person, None for the console."""
        return self.principal.user_id if self.principal else None

    @property
    def session_id(self) -> UUID | None:
        """Their session, None for the console."""
        return self.principal.session_id if self.principal else None


def forbidden(conn: sa.Connection, now: Moment, actor: Actor, act: Act) -> Refused | None:
    """Why the actor may not, or None. The role counts as the database has it now, not as the token says."""
    if actor.principal is None:
        return None
    user = users.get(conn, actor.tenant_id, actor.principal.user_id)
    if user is None or user.disabled:
        return GONE
    permission = PERMISSIONS[act]
    if Role(user.role) not in permission.roles:
        return _not_allowed(permission.roles, permission.says)
    if permission.fresh:
        return unless_fresh(conn, now, actor.principal)
    return unless_proven(conn, now, actor.principal) if permission.roles == {Role.OWNER} else None


def _not_allowed(roles: frozenset[Role], says: str) -> Refused:
    allowed = " or ".join(role for role in Role if role in roles)
    return Refused(Code.NOT_ALLOWED, f"Only an {allowed} may {says}")


def still_may(conn: sa.Connection, tenant_id: UUID, user_id: UUID | None, act: Act) -> bool:
    """Whether somebody who once did this could still, by their role of now; the console (None) always can."""
    if user_id is None:
        return True
    user = users.get(conn, tenant_id, user_id)
    return user is not None and not user.disabled and Role(user.role) in PERMISSIONS[act].roles


def refusal(tx: Tx, actor: Actor, act: Act, subject_id: UUID | None = None) -> Refused | None:
    """Why the actor may not, which is then on record, or None."""
    refused = forbidden(tx.conn, tx.now, actor, act)
    return None if refused is None else on_record(tx, actor, act, subject_id, refused)


def on_record(tx: Tx, actor: Actor, act: Act, subject_id: UUID | None, refused: Refused) -> Refused:
    """The refusal, of which the log then tells."""
    note(tx, actor, act, subject_id, outcome=refused.code)
    return refused


def note(
    tx: Tx,
    actor: Actor,
    act: Act | str,
    subject_id: UUID | None = None,
    *,
    outcome: str = "success",
    detail: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Put an act on record."""
    record(tx, actor.tenant_id, Event(
        str(act), outcome, actor_id=actor.user_id, subject_id=subject_id, session_id=actor.session_id,
        caller=actor.caller, detail=dict(detail),
    ))  # fmt: skip
