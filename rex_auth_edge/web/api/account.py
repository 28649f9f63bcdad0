"""One's own profile, sessions and history."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError
from rex_auth_edge.flows import profile, sessions
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import messages
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.visit import Visit

_PROFILE = paths("profile", v1=("profile/me",))
_PICTURE = paths("profile/picture", v1=("profile/me/picture",))
_LAST_PAGE = 10_000
_BAD_PAGE = Refused(Code.INVALID_FIELD, f"page is a number from 1 to {_LAST_PAGE}", {"page": "out of range"})


class Profile(Controller):
    """GET, PATCH and PUT profile; POST and DELETE of its picture."""

    @get(_PROFILE)
    async def read(self, visit: NamedDependency[Visit]) -> messages.Profile:
        """The caller's own profile."""
        user, picture = unless_refused(await profile.read(visit.desk.parts, visit.principal()))
        return _shown(user, picture)

    @patch(_PROFILE, status_code=200)
    async def change(self, data: JSONBody[messages.ChangeProfile], visit: NamedDependency[Visit]) -> messages.Profile:
        """Write the fields that are sent."""
        return await _change(visit, data)

    @put(_PROFILE, status_code=200)
    async def put(self, data: JSONBody[messages.ChangeProfile], visit: NamedDependency[Visit]) -> messages.Profile:
        """The same as PATCH, as older clients ask it."""
        return await _change(visit, data)

    @post(_PICTURE, status_code=200)
    async def set_picture(self, data: JSONBody[messages.Picture], visit: NamedDependency[Visit]) -> Said:
        """Show this picture from now on."""
        desk = visit.desk
        flow = profile.set_picture(desk.parts, desk.people, visit.principal(), data.image_data, visit.caller)
        unless_refused(await flow)
        return Said("Profile picture updated")

    @delete(_PICTURE, status_code=200)
    async def remove_picture(self, visit: NamedDependency[Visit]) -> Said:
        """Show no picture any more."""
        await profile.remove_picture(visit.desk.parts, visit.desk.people, visit.principal(), visit.caller)
        return Said("Profile picture removed")


async def _change(visit: Visit, data: messages.ChangeProfile) -> messages.Profile:
    wanted = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not msgspec.UNSET}
    principal, desk = visit.principal(), visit.desk
    unless_refused(await profile.change(desk.parts, desk.people, principal, wanted, visit.caller))
    return _shown(*unless_refused(await profile.read(desk.parts, principal)))


def _shown(user: Any, picture: str | None) -> messages.Profile:
    return messages.Profile(
        user_id=str(user.id),
        tenant_id=str(user.tenant_id),
        username=user.username,
        email=user.email,
        email_verified=bool(user.email_verified),
        first_name=user.first_name,
        last_name=user.last_name,
        phone_number=user.phone_number,
        role=user.role,
        status="ACTIVE",
        profile_picture_data=picture,
        created_at=rfc3339(user.created_at),
        last_login_at=None if user.last_login_at is None else rfc3339(user.last_login_at),
    )


class Sessions(Controller):
    """GET and DELETE sessions; GET history."""

    @get(paths("sessions", v1=("sessions",)))
    async def list(self, visit: NamedDependency[Visit]) -> messages.Sessions:
        """The caller's live sessions, the latest used first."""
        principal = visit.principal()
        rows = await sessions.listed(visit.desk.parts, principal)
        return messages.Sessions([session(row, current=row.id == principal.session_id) for row in rows])

    @delete(paths("sessions", v1=("sessions",)), status_code=200)
    async def end_others(self, visit: NamedDependency[Visit]) -> Said:
        """End all of the caller's sessions but this one."""
        await sessions.sign_out_everywhere(visit.desk.parts, visit.principal(ending=True), visit.caller, keep_own=True)
        return Said("Other sessions ended")

    @delete(paths("sessions/{name:str}", v1=("sessions/{name:str}",)), status_code=200)
    async def end(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """End one of the caller's sessions, by number or UUID."""
        refused = await sessions.end_one(visit.desk.parts, visit.principal(ending=True), name, visit.caller)
        unless_refused(refused)
        return Said("Session ended")

    @get(paths("history", v1=("security/activity",)))
    async def history(self, visit: NamedDependency[Visit], page: FromQuery[int] = 1) -> messages.History:
        """What happened to the caller's account, newest first, 50 a page."""
        rows = await profile.history(visit.desk.parts, visit.principal(), checked_page(page))
        return messages.History([happened(row) for row in rows])


def checked_page(page: int) -> int:
    """The page that is asked for. Raises RefusedError where there can't be one of that number."""
    if not 1 <= page <= _LAST_PAGE:
        raise RefusedError(_BAD_PAGE)
    return page


def session(row: Any, *, current: bool) -> messages.Session:
    """A session as clients see it."""
    return messages.Session(
        id=row.number,
        session_id=str(row.id),
        device_info=row.device_info,
        ip_address=row.ip_address,
        created_at=rfc3339(row.created_at),
        last_seen_at=rfc3339(row.last_seen_at),
        is_current=current,
    )


def happened(row: Any) -> messages.Happened:
    """An entry of a person's history as clients see it."""
    status = "success" if row.outcome == "success" else "failed"
    return messages.Happened(row.seq, status, row.event, row.device, row.ip_address, rfc3339(row.at))
