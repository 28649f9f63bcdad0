"""The household itself: claimed, named, and what its policy says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import durations
from rex_auth_edge.domain.caller import Caller
from rex_auth_edge.domain.clock import DAY, HOUR
from rex_auth_edge.domain.password_rules import PasswordRule
from rex_auth_edge.domain.principal import Principal
from rex_auth_edge.domain.refusals import GONE, Code, Refused, missing
from rex_auth_edge.domain.roles import PERMISSIONS, Act, Registration, Role
from rex_auth_edge.flows.devices import acting as persons
from rex_auth_edge.flows.household import actor as acting
from rex_auth_edge.flows.household import presence, setup
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import tenants, users
from rex_auth_edge.storage.tx import Tx

SHARES = ("profiles", "passwords", "sessions", "audit")
"""What a household may let go to its cloud instance. Revocations always go: nothing revoked may live on elsewhere."""

_SWITCH = {"on": True, "off": False}
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LONGEST_NAME = 120
_BAD_SLUG = Refused(Code.INVALID_FIELD, "A slug is 1 to 63 small letters, digits and hyphens", {"slug": "not a slug"})
_TAKEN = Refused(Code.SLUG_TAKEN, "There is a household of that slug already", {"slug": "taken"})


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The bounds of a policy's lengths of time, in milliseconds."""

    least: int
    most: int


LIFETIMES = {"session_life": Lifetimes(HOUR, 3650 * DAY), "idle_life": Lifetimes(HOUR, 365 * DAY)}


@dataclass(frozen=True, slots=True)
class House:
    """The household as one of its people sees it: with what they may do there, and a recovery that is under way."""

    row: Any
    claimed: bool
    role: Role
    may: tuple[Act, ...]
    recovery: Any = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Lives in milliseconds; `version` rises with every change.

    With `fresh_after_reboot` everybody signs in anew once the hub has been off; without `voice` no device acts for
    anybody.
    """

    registration: Registration
    password_rule: PasswordRule
    session_life: int
    idle_life: int
    shares: tuple[str, ...]
    fresh_after_reboot: bool
    voice: bool
    version: int


async def read(parts: Parts, principal: Principal) -> House | Refused:
    """The caller's household, and what their role lets them do in it."""

    def query(conn: sa.Connection) -> House | Refused:
        user = users.get(conn, principal.tenant_id, principal.user_id)
        if user is None or user.disabled:
            return GONE
        role = Role(user.role)
        may = tuple(act for act, permission in PERMISSIONS.items() if role in permission.roles)
        claimed = bool(users.owners(conn, principal.tenant_id))
        recovery = presence.going_on(conn, principal.tenant_id, parts.clock.now())
        return House(tenants.get(conn, principal.tenant_id), claimed, role, may, recovery)

    return await parts.store.read(query)


async def claim(parts: Parts, principal: Principal, setup_code: str | None, caller: Caller) -> Refused | None:
    """Make somebody who is a member already the first owner, for the setup code."""
    if (refused := missing(setup_code=setup_code)) is not None:
        return refused

    def work(tx: Tx) -> Refused | None:
        tenants.hold(tx, principal.tenant_id)
        user, actor = users.get(tx.conn, principal.tenant_id, principal.user_id), Actor.person(principal, caller)
        if user is None or user.disabled:
            return GONE
        claimed = users.owners(tx.conn, principal.tenant_id)
        wrong = setup.CLAIMED if claimed else parts.setup.wrong(principal.tenant_id, setup_code or "")
        acting.note(tx, actor, "household.claim", user.id, outcome=wrong.code if wrong else "success")
        if wrong is None:
            users.change(tx, user.tenant_id, user.id, role=Role.OWNER)
            parts.setup.settle(tx, user.tenant_id)
        return wrong

    return await parts.store.write(work)


async def rename(parts: Parts, actor: Actor, name: str | None) -> Refused | None:
    """Give the household another name."""
    if (refused := missing(name=name)) is not None:
        return refused
    if len(name or "") > _LONGEST_NAME:
        return Refused(Code.INVALID_FIELD, f"name is longer than {_LONGEST_NAME} characters", {"name": "too long"})

    def work(tx: Tx) -> Refused | None:
        if (refused := acting.refusal(tx, actor, Act.RENAME)) is not None:
            return refused
        tenants.change(tx, actor.tenant_id, name=name)
        acting.note(tx, actor, Act.RENAME)
        return None

    return await parts.store.write(work)


async def create(parts: Parts, name: str, slug: str) -> UUID | Refused:
    """Another household on this hub, which its own setup code claims: for the console."""
    if _SLUG.fullmatch(slug) is None:
        return _BAD_SLUG

    def work(tx: Tx) -> UUID | Refused:
        if tenants.find(tx.conn, slug) is not None:
            return _TAKEN
        made = tenants.create(tx, slug=slug, name=name[:_LONGEST_NAME], registration=Registration.INVITE)
        acting.note(tx, Actor.console(made), "household.create")
        tx.after_commit.append(lambda: parts.setup.open(made, slug))
        return made

    return await parts.store.write(work)


async def policy(parts: Parts, actor: Actor) -> Policy | Refused:
    """What holds in the household, the hub's settings where it says nothing itself."""

    def query(conn: sa.Connection) -> Policy | Refused:
        refused = acting.forbidden(conn, parts.clock.now(), actor, Act.POLICY)
        return refused or _policy(parts, tenants.get(conn, actor.tenant_id))

    return await parts.store.read(query)


def _policy(parts: Parts, house: Any) -> Policy:
    lives = parts.options.lives
    return Policy(
        Registration(house.registration),
        PasswordRule(house.password_rule),
        house.session_life or lives.session,
        house.idle_life or lives.refresh,
        SHARES if house.shares is None else tuple(share for share in house.shares.split(",") if share),
        bool(house.fresh_after_reboot),
        bool(house.voice),
        house.policy_version,
    )


async def set_policy(parts: Parts, actor: Actor, wanted: Mapping[str, str]) -> Policy | Refused:
    """Change what is in `wanted`, which are all texts: lives such as `30d`, `shares` with commas, switches on or off.

    Lives hold for sessions that begin from now on, the rule for passwords that are set from now on.
    """
    values = checked(wanted)
    if isinstance(values, Refused):
        return values

    def work(tx: Tx) -> Policy | Refused:
        refused = acting.refusal(tx, actor, Act.SET_POLICY)
        return refused or put_policy(tx, parts, actor, wanted, values)

    return await parts.store.write(work)


def put_policy(tx: Tx, parts: Parts, actor: Actor, wanted: Mapping[str, str], values: Mapping[str, Any]) -> Policy:
    """Set the columns of `values`, and put on record what was wanted."""
    house = tenants.hold(tx, actor.tenant_id)
    if wanted:
        tenants.change(tx, actor.tenant_id, **values, policy_version=house.policy_version + 1)
        if values.get("voice") is False:
            persons.silence(tx, parts, actor.tenant_id)
        acting.note(tx, actor, Act.SET_POLICY, detail=wanted)
    return _policy(parts, tenants.get(tx.conn, actor.tenant_id))


def checked(wanted: Mapping[str, str]) -> dict[str, Any] | Refused:
    """The columns to set, or what is wrong with the first field that can't be."""
    values: dict[str, Any] = {}
    for name, text in wanted.items():
        value, expected = _value(name, text.strip().lower())
        if value is None:
            return Refused(Code.INVALID_FIELD, f"{name} is {expected}", {name: "not one of these"})
        values[name] = value
    return values


def _value(name: str, text: str) -> tuple[Any, str]:
    """A field's value, None where the text is no such thing, and what it has to be."""
    if name in LIFETIMES:
        bounds, length = LIFETIMES[name], durations.milliseconds(text)
        fits = length is not None and bounds.least <= length <= bounds.most
        least, most = durations.written(bounds.least), durations.written(bounds.most)
        return length if fits else None, f"a length of time from {least} to {most}, such as 30d"
    if name == "shares":
        chosen = {part.strip() for part in text.split(",") if part.strip()}
        known = chosen <= set(SHARES)
        shares = ",".join(share for share in SHARES if share in chosen)
        return shares if known else None, f"any of {', '.join(SHARES)}, separated by commas, or nothing"
    if name in {"fresh_after_reboot", "voice"}:
        return _SWITCH.get(text), "on or off"
    allowed = list(Registration if name == "registration" else PasswordRule)
    return text if text in allowed else None, "one of " + ", ".join(allowed)
