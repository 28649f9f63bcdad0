"""The household itself: its name and policy, invitations, codes that wait, the audit log."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from rex_auth_edge.domain import durations
from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.refusals import Refused, RefusedError
from rex_auth_edge.exchange.oversight import policies
from rex_auth_edge.flows.household import activity, admission, handing, house, invite
from rex_auth_edge.flows.household.actor import Actor
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import household_messages as messages
from rex_auth_edge.web.api.account import checked_page
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.visit import Visit


def actor(visit: Visit) -> Actor:
    """The signed-in person as one who acts on their household. Raises RefusedError."""
    return Actor.person(visit.principal(), visit.caller)


def uuid_in(text: str, none: Refused) -> UUID:
    """The UUID in a path; what isn't one names nothing there. Raises RefusedError with `none`."""
    try:
        return UUID(text)
    except ValueError:
        raise RefusedError(none) from None


class House(Controller):
    """GET and PATCH household and household/policy; POST household/claim; GET household/audit."""

    path = "/household"

    @get()
    async def read(self, visit: NamedDependency[Visit]) -> messages.House:
        """The caller's household, and what they may do in it."""
        found = unless_refused(await house.read(visit.desk.parts, visit.principal()))
        may = [act.value for act in found.may]
        row = found.row
        return messages.House(str(row.id), row.slug, row.name, found.claimed, found.role.value, may)

    @patch(status_code=200)
    async def rename(self, data: JSONBody[messages.Rename], visit: NamedDependency[Visit]) -> Said:
        """Give the household another name."""
        unless_refused(await house.rename(visit.desk.parts, actor(visit), data.name))
        return Said("Household renamed")

    @post("/claim", status_code=200)
    async def claim(self, data: JSONBody[messages.Claim], visit: NamedDependency[Visit]) -> Said:
        """Make the caller the first owner, for the setup code that the hub's console shows."""
        await limited.claim(visit, visit.principal(), data.setup_code)
        return Said("The household is yours")

    @get("/policy")
    async def policy(self, visit: NamedDependency[Visit]) -> messages.Policy:
        """What holds in the household."""
        return _policy(unless_refused(await policies.policy(visit.desk.parts, actor(visit))))

    @patch("/policy", status_code=200)
    async def change_policy(
        self, data: JSONBody[messages.ChangePolicy], visit: NamedDependency[Visit]
    ) -> messages.Policy:
        """Change the fields that are sent."""
        wanted = {name: text for name, text in msgspec.structs.asdict(data).items() if text is not msgspec.UNSET}
        return _policy(unless_refused(await policies.set_policy(visit.desk.parts, actor(visit), wanted)))

    @get("/audit")
    async def audit(self, visit: NamedDependency[Visit], page: FromQuery[int] = 1) -> messages.Events:
        """Everything that happened in the household, newest first, 50 a page."""
        rows = unless_refused(await activity.log(visit.desk.parts, actor(visit), checked_page(page)))
        return messages.Events([_event(row) for row in rows])


def _policy(whole: policies.Policy) -> messages.Policy:
    found = whole.house
    return messages.Policy(
        registration=found.registration.value,
        password_rule=found.password_rule.value,
        session_life=durations.written(found.session_life),
        idle_life=durations.written(found.idle_life),
        shares=list(found.shares),
        fresh_after_reboot=found.fresh_after_reboot,
        voice=found.voice,
        version=found.version,
        cloud_grants=msgspec.UNSET if whole.cloud_grants is None else whole.cloud_grants,
        passwords_home=msgspec.UNSET if whole.passwords_home is None else list(whole.passwords_home),
    )


def _event(row: Any) -> messages.Event:
    ids = (row.actor_id, row.subject_id, row.session_id)
    actor_id, subject_id, session_id = (str(one) if one else None for one in ids)
    return messages.Event(
        row.seq, rfc3339(row.at), row.clock, row.event, row.outcome, actor_id, subject_id, session_id,
        row.ip_address, row.device, msgspec.json.decode(row.detail),
    )  # fmt: skip


class Invites(Controller):
    """GET and POST household/invites, DELETE of one; GET household/codes, POST of one."""

    path = "/household"

    @get("/invites")
    async def list(self, visit: NamedDependency[Visit]) -> messages.Invitations:
        """The household's invitations, the newest first; their codes are nowhere any more."""
        rows = unless_refused(await invite.listed(visit.desk.parts, actor(visit)))
        now = visit.desk.parts.clock.now()
        return messages.Invitations([_invitation(row, now) for row in rows])

    @post("/invites", status_code=200)
    async def create(self, data: JSONBody[messages.Invite], visit: NamedDependency[Visit]) -> messages.Invited:
        """Invite somebody; with an address the code is mailed as well."""
        guest = invite.Guest(data.role, data.name, data.email, data.expires_in)
        made = unless_refused(await invite.create(visit.desk.parts, actor(visit), guest))
        return messages.Invited("Invited", str(made.id), made.code, made.link, rfc3339(made.expires_at), made.mailed)

    @delete("/invites/{name:str}", status_code=200)
    async def revoke(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Make an invitation good for nobody."""
        who = actor(visit)
        unless_refused(await invite.revoke(visit.desk.parts, who, uuid_in(name, invite.NO_INVITATION)))
        return Said("Invitation revoked")

    @get("/codes")
    async def codes(self, visit: NamedDependency[Visit]) -> messages.Codes:
        """Who waits for the code of a registration whose letter hasn't left."""
        rows = unless_refused(await handing.waiting(visit.desk.parts, actor(visit)))
        return messages.Codes([_waiting(row) for row in rows])

    @post("/codes/{name:str}", status_code=200)
    async def hand_over(self, name: FromPath[str], visit: NamedDependency[Visit]) -> messages.Handed:
        """Take a waiting code, to tell it to its person; the letter isn't sent then."""
        who = actor(visit)
        handed = unless_refused(await handing.hand_over(visit.desk.parts, who, uuid_in(name, handing.NOT_WAITING)))
        return messages.Handed("Tell them this code", handed.email, handed.code)


def _invitation(row: Any, now: Moment) -> messages.Invitation:
    return messages.Invitation(
        id=str(row.id),
        role=row.role,
        name=row.name,
        email=row.email,
        status=admission.status(row, now),
        created_at=rfc3339(row.created_at),
        expires_at=rfc3339(row.expires_at),
        invited_by=str(row.invited_by) if row.invited_by else None,
        used_by=str(row.used_by) if row.used_by else None,
    )


def _waiting(row: Any) -> messages.Waiting:
    name = " ".join(part for part in (row.first_name, row.last_name) if part) or None
    return messages.Waiting(str(row.id), row.email, row.username or None, name, rfc3339(row.created_at))
