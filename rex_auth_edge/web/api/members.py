"""The household's people: list, add, change, end."""

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from rex_auth_edge.flows.household import activity, handing, members
from rex_auth_edge.flows.household.actor import NO_MEMBER
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import household_messages as messages
from rex_auth_edge.web.api.account import checked_page, happened, session
from rex_auth_edge.web.api.household import actor, uuid_in
from rex_auth_edge.web.api.messages import History, Said, Sessions
from rex_auth_edge.web.visit import Visit

_WAITS = "The role waits until an owner at home confirms it"


class Members(Controller):
    """GET and POST household/members; GET, PATCH and DELETE of one; disable, enable, lift-ban, reset."""

    path = "/household/members"

    @get()
    async def list(self, visit: NamedDependency[Visit]) -> messages.Members:
        """Everybody in the household; owners see more of each."""
        who = actor(visit)
        found = unless_refused(await members.listed(visit.desk.parts, who))
        return messages.Members([_member(each, own=each.row.id == who.user_id) for each in found])

    @post(status_code=200)
    async def add(self, data: JSONBody[messages.AddMember], visit: NamedDependency[Visit]) -> messages.Added:
        """Add somebody without an e-mail address, such as a child."""
        newcomer = members.Newcomer(data.username, data.password, data.role, data.first_name, data.last_name)
        added = unless_refused(await members.add(visit.desk.parts, actor(visit), newcomer))
        return messages.Added(_WAITS if added.waits else "Member added", str(added.id), added.waits)

    @get("/{name:str}")
    async def read(self, name: FromPath[str], visit: NamedDependency[Visit]) -> messages.Member:
        """One member."""
        who = actor(visit)
        found = unless_refused(await members.find(visit.desk.parts, who, uuid_in(name, NO_MEMBER)))
        return _member(found, own=found.row.id == who.user_id)

    @patch("/{name:str}", status_code=200)
    async def change(
        self, name: FromPath[str], data: JSONBody[messages.ChangeMember], visit: NamedDependency[Visit]
    ) -> messages.RoleChanged:
        """Give a member another role."""
        who, user_id = actor(visit), uuid_in(name, NO_MEMBER)
        waits = unless_refused(await members.set_role(visit.desk.parts, who, user_id, data.role))
        return messages.RoleChanged(_WAITS if waits else "Role changed", waits)

    @delete("/{name:str}", status_code=200)
    async def remove(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Take a member, or oneself, out of the household for good."""
        who, user_id, desk = actor(visit), uuid_in(name, NO_MEMBER), visit.desk
        unless_refused(await members.remove(desk.parts, who, user_id, desk.people))
        return Said("Member removed")

    @post("/{name:str}/disable", status_code=200)
    async def disable(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Let a member in nowhere any more, until enabled."""
        who, user_id, desk = actor(visit), uuid_in(name, NO_MEMBER), visit.desk
        unless_refused(await members.disable(desk.parts, who, user_id, desk.people))
        return Said("Member disabled")

    @post("/{name:str}/enable", status_code=200)
    async def enable(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Let a disabled member sign in again."""
        who, user_id = actor(visit), uuid_in(name, NO_MEMBER)
        unless_refused(await members.enable(visit.desk.parts, who, user_id))
        return Said("Member enabled")

    @post("/{name:str}/lift-ban", status_code=200)
    async def pardon(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Lift a member's bans on every device."""
        who, user_id = actor(visit), uuid_in(name, NO_MEMBER)
        unless_refused(await members.pardon(visit.desk.parts, who, user_id))
        return Said("Ban lifted")

    @post("/{name:str}/reset", status_code=200)
    async def reset(self, name: FromPath[str], visit: NamedDependency[Visit]) -> messages.ResetStarted:
        """End a member's sessions, and get a link with which they choose a new password."""
        who, user_id = actor(visit), uuid_in(name, NO_MEMBER)
        started = unless_refused(await handing.start_reset(visit.desk.parts, who, user_id))
        return messages.ResetStarted("Hand them this link", started.link, started.token, rfc3339(started.expires_at))


class MembersActivity(Controller):
    """GET and DELETE a member's sessions; GET their history."""

    path = "/household/members/{name:str}"

    @get("/sessions")
    async def list(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Sessions:
        """A member's live sessions, the latest used first."""
        who, user_id = actor(visit), uuid_in(name, NO_MEMBER)
        rows = unless_refused(await activity.sessions_of(visit.desk.parts, who, user_id))
        return Sessions([session(row, current=row.id == who.session_id) for row in rows])

    @delete("/sessions", status_code=200)
    async def end_all(self, name: FromPath[str], visit: NamedDependency[Visit]) -> messages.Ended:
        """End all of a member's sessions."""
        who, user_id = actor(visit), uuid_in(name, NO_MEMBER)
        count = unless_refused(await activity.end_session(visit.desk.parts, who, user_id, None))
        return messages.Ended("Sessions ended", count)

    @delete("/sessions/{session_name:str}", status_code=200)
    async def end(
        self, name: FromPath[str], session_name: FromPath[str], visit: NamedDependency[Visit]
    ) -> messages.Ended:
        """End one of a member's sessions, by number or UUID."""
        who, user_id = actor(visit), uuid_in(name, NO_MEMBER)
        count = unless_refused(await activity.end_session(visit.desk.parts, who, user_id, session_name))
        return messages.Ended("Session ended", count)

    @get("/history")
    async def history(self, name: FromPath[str], visit: NamedDependency[Visit], page: FromQuery[int] = 1) -> History:
        """What happened to a member's account, newest first, 50 a page."""
        who, user_id = actor(visit), uuid_in(name, NO_MEMBER)
        rows = unless_refused(await activity.history_of(visit.desk.parts, who, user_id, checked_page(page)))
        return History([happened(row) for row in rows])


def _member(found: members.Member, *, own: bool) -> messages.Member:
    row = found.row
    shown = messages.Member(
        user_id=str(row.id),
        username=row.username,
        name=" ".join(part for part in (row.first_name, row.last_name) if part) or row.username,
        role=row.role,
    )
    if not found.whole and not own:
        return shown
    shown.status = found.status
    shown.email, shown.email_proven = row.email, bool(row.email_proven)
    shown.joined_at = rfc3339(row.created_at)
    shown.guardian = str(row.guardian_id) if row.guardian_id else None
    shown.last_login_at = None if row.last_login_at is None else rfc3339(row.last_login_at)
    return shown
