"""Children without an address of mail: they ask on the LAN, and an owner there lets them in."""

from typing import Any

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from rex_auth_edge.flows.household import children
from rex_auth_edge.flows.household.children import NOT_WAITING
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import child_messages as messages
from rex_auth_edge.web.api.household import actor, uuid_in
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.visit import Visit


class ChildAsks(Controller):
    """POST children/ask and children/look."""

    @post(paths("children/ask"), status_code=200)
    async def ask(self, data: JSONBody[messages.AskAsChild], visit: NamedDependency[Visit]) -> messages.ChildWaits:
        """Ask to join, from the LAN: an owner types the code that the answer is for the screen to show."""
        asked = children.Asked(data.username, data.password, data.first_name, data.tenant)
        made = await limited.ask_as_child(visit, asked)
        return messages.ChildWaits("Show this code to an owner", made.code, made.token, rfc3339(made.expires_at))

    @post(paths("children/look"), status_code=200)
    async def look(self, data: JSONBody[messages.LookAsChild], visit: NamedDependency[Visit]) -> messages.ChildStands:
        """Where the request stands; once it is approved, sign in."""
        found = await limited.look_at_child(visit, data.request_token)
        return messages.ChildStands(found.state, found.username)


class Children(Controller):
    """GET household/children; POST approve and DELETE of one."""

    path = "/household/children"

    @get()
    async def list(self, visit: NamedDependency[Visit]) -> messages.AskingChildren:
        """The children who wait, and from where; their codes are on their own screens."""
        rows = unless_refused(await children.waiting(visit.desk.parts, actor(visit)))
        return messages.AskingChildren([asking(row) for row in rows])

    @post("/{name:str}/approve", status_code=200)
    async def approve(
        self, name: FromPath[str], data: JSONBody[messages.ApproveChild], visit: NamedDependency[Visit]
    ) -> messages.ChildIn:
        """Let the child in, from the LAN, for the code on its screen."""
        who, request_id = actor(visit), uuid_in(name, NOT_WAITING)
        flow = children.approve(visit.desk.parts, who, request_id, data.screen_code, data.username)
        return messages.ChildIn("Your child is in", str(unless_refused(await flow)))

    @delete("/{name:str}", status_code=200)
    async def refuse(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Let nobody in by this request."""
        who = actor(visit)
        unless_refused(await children.refuse(visit.desk.parts, who, uuid_in(name, NOT_WAITING)))
        return Said("Refused")


def asking(row: Any) -> messages.AskingChild:
    """A child who waits, as owners see it."""
    created, expires = rfc3339(row.created_at), rfc3339(row.expires_at)
    where = (row.asked_from, row.device)
    return messages.AskingChild(str(row.id), row.username, row.first_name, *where, created, expires)
