"""Households: listed, made, named, their policy, and codes that wait to be handed over."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from rex_auth_edge.domain import durations, names
from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.exchange.oversight import policies
from rex_auth_edge.flows.household import handing, house
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.storage import figures, tenants
from rex_auth_edge.verbs.reach import Reach, Verbs, console, refusal
from rex_auth_edge.web.answers import rfc3339, unless_refused

_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 63


async def _listed(reach: Reach) -> list[dict[str, Any]]:
    """The households of this hub, the oldest first."""
    return await reach.parts.store.read(lambda conn: _households(conn, reach))


def _households(conn: sa.Connection, reach: Reach) -> list[dict[str, Any]]:
    people = figures.members(conn)
    sessions = figures.sessions(conn, reach.parts.clock.now())
    return [
        {
            "id": str(row.id),
            "slug": row.slug,
            "name": row.name,
            "default": bool(row.is_default),
            "claimed": people.get(row.id, (0, 0))[1] > 0,
            "members": people.get(row.id, (0, 0))[0],
            "sessions": sessions.get(row.id, 0),
            "registration": row.registration,
            "created_at": rfc3339(row.created_at),
        }
        for row in tenants.every(conn)
    ]


async def _shown(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    """One household and its policy."""
    actor = await console(reach, household)
    found = next(each for each in await _listed(reach) if each["id"] == str(actor.tenant_id))
    return found | {"policy": await _policy_of(reach, actor)}


async def _created(reach: Reach, *, name: str, slug: str | None = None) -> dict[str, Any]:
    """Another household; a hub makes it a setup code if it runs, and the cloud has none."""
    wanted = slug or _slug(name)
    made = unless_refused(await house.create(reach.parts, name, wanted))
    by = "invitation" if reach.parts.home == NOBODY else "setup_code"
    code = reach.parts.setup.shown().get(made)
    return {"id": str(made), "slug": wanted, "name": name, "claimed_by": by, "setup_code": code}


def _slug(name: str) -> str:
    """`Oma's house` as `oma-s-house`. Raises RefusedError where nothing is left of the name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = _NOT_IN_SLUG.sub("-", plain)[:_LONGEST_SLUG].strip("-")
    if not slug:
        raise refusal(Code.INVALID_FIELD, f"No slug can be made of {name!r}: choose one with --slug.", "slug")
    return slug


async def _renamed(reach: Reach, *, name: str, household: str | None = None) -> dict[str, Any]:
    actor = await console(reach, household)
    unless_refused(await house.rename(reach.parts, actor, name))
    return await _shown(reach, household=str(actor.tenant_id))


async def _policy(reach: Reach, *, household: str | None = None) -> dict[str, Any]:
    return await _policy_of(reach, await console(reach, household))


async def _policy_of(reach: Reach, actor: Actor) -> dict[str, Any]:
    return _in_words(unless_refused(await policies.policy(reach.parts, actor)))


async def _policy_set(reach: Reach, *, wanted: Mapping[str, str], household: str | None = None) -> dict[str, Any]:
    """Change what is in `wanted`; the rest stays."""
    actor = await console(reach, household)
    return _in_words(unless_refused(await policies.set_policy(reach.parts, actor, wanted)))


def _in_words(whole: policies.Policy) -> dict[str, Any]:
    policy = whole.house
    shared = {"cloud_grants": whole.cloud_grants, "passwords_home": whole.passwords_home}
    return {
        "registration": policy.registration.value,
        "password_rule": policy.password_rule.value,
        "session_life": durations.written(policy.session_life),
        "idle_life": durations.written(policy.idle_life),
        "shares": list(policy.shares),
        "fresh_after_reboot": policy.fresh_after_reboot,
        "voice": policy.voice,
        "version": policy.version,
    } | {name: value for name, value in shared.items() if value is not None}


async def _codes(reach: Reach, *, household: str | None = None) -> list[dict[str, Any]]:
    """Who waits for the code of a registration whose letter hasn't left; not the codes."""
    rows = unless_refused(await handing.waiting(reach.parts, await console(reach, household)))
    return [
        {
            "id": str(row.id),
            "email": row.email,
            "username": row.username or None,
            "created_at": rfc3339(row.created_at),
            "expires_at": rfc3339(row.expires_at),
        }
        for row in rows
    ]


async def _handed(reach: Reach, *, who: str, household: str | None = None) -> dict[str, Any]:
    """The code of whoever waits under this address or id; the letter isn't sent then."""
    actor = await console(reach, household)
    rows = unless_refused(await handing.waiting(reach.parts, actor))
    mine = [row for row in rows if who.lower() == str(row.id) or names.email_key(who) == row.email_key]
    if not mine:
        raise refusal(Code.NOT_FOUND, f"Nobody waits as {who}: see `rex-auth-edge household codes`.", "who")
    handed = unless_refused(await handing.hand_over(reach.parts, actor, mine[-1].id))
    return {"email": handed.email, "code": handed.code}


VERBS: Verbs = {
    "list": _listed,
    "show": _shown,
    "create": _created,
    "rename": _renamed,
    "policy": _policy,
    "set_policy": _policy_set,
    "codes": _codes,
    "hand_over": _handed,
}
