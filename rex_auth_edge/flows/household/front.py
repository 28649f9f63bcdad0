"""What a household's door shows before anybody acts: how one joins, what an invitation is for, which acts are open."""

from dataclasses import dataclass

import sqlalchemy as sa

from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.domain.roles import Act, Registration, Role
from rex_auth_edge.flows.household.actor import Actor, forbidden
from rex_auth_edge.flows.household.admission import BAD_INVITATION, UNKNOWN_TENANT, code_hash, pending
from rex_auth_edge.flows.parts import NOBODY, Parts
from rex_auth_edge.storage import invitations, tenants


@dataclass(frozen=True, slots=True)
class Front:
    """How strangers may join, and what a password must be; neither the household's name nor anybody's."""

    registration: Registration
    password_rule: PasswordRule


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation says to whoever holds its code: where it leads, and as what."""

    household: str
    role: Role
    name: str | None
    password_rule: PasswordRule


async def front(parts: Parts, tenant: str | None) -> Front | Refused:
    """A household's front by its UUID or slug, the default household's without one; the cloud's own has none."""

    def query(conn: sa.Connection) -> Front | Refused:
        tenant_id = tenants.find(conn, tenant) if tenant else parts.home
        if tenant_id is None:
            return UNKNOWN_TENANT
        if tenant_id == NOBODY:
            return Front(parts.options.registration, PasswordRule.COMPOSITION)
        house = tenants.get(conn, tenant_id)
        return Front(Registration(house.registration), PasswordRule(house.password_rule))

    return await parts.store.read(query)


async def invited(parts: Parts, code: str) -> Invited | Refused:
    """The invitation of this code, if it can still be used; the address that it may be bound to isn't told."""

    def query(conn: sa.Connection) -> Invited | Refused:
        hashed, now = code_hash(parts, code), parts.clock.now()
        for tenant_id in tenants.whereabouts(conn, hashed):
            row = invitations.by_code(conn, tenant_id, hashed)
            if row is not None and pending(row, now):
                house = tenants.get(conn, tenant_id)
                return Invited(house.name, Role(row.role), row.name, PasswordRule(house.password_rule))
        return BAD_INVITATION

    return await parts.store.read(query)


async def ready(parts: Parts, actor: Actor, act: Act) -> Refused | None:
    """Why the actor couldn't do this at present, asked before a form is shown; the act itself asks again."""
    return await parts.store.read(lambda conn: forbidden(conn, parts.clock.now(), actor, act))
