"""A household's hubs, in the cloud: listed, let in by a claim code, removed."""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from rex_auth_edge.exchange.cloud import claims, hubs
from rex_auth_edge.exchange.cloud.hubs import NO_HUB
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import hub_messages as messages
from rex_auth_edge.web.api.household import actor, uuid_in
from rex_auth_edge.web.api.syncing import notice
from rex_auth_edge.web.visit import Visit


class Hubs(Controller):
    """GET household/hubs, POST household/hubs/claims, DELETE of a hub."""

    path = "/household/hubs"

    @get()
    async def list(self, visit: NamedDependency[Visit]) -> messages.Hubs:
        """The household's hubs, removed ones included."""
        found = unless_refused(await hubs.listed(visit.desk.parts, actor(visit)))
        return messages.Hubs([messages.Hub(str(hub.id), hub.name, hub.state, rfc3339(hub.seen_at)) for hub in found])

    @post("/claims", status_code=200)
    async def claim(self, visit: NamedDependency[Visit]) -> messages.Claim:
        """A code with which one hub joins the household, within 15 minutes."""
        made = unless_refused(await claims.make(visit.desk.parts, actor(visit)))
        return messages.Claim("Type this at the hub that is to join", made.code, rfc3339(made.expires_at))

    @delete("/{name:str}", status_code=200)
    async def remove(
        self,
        name: FromPath[str],
        visit: NamedDependency[Visit],
        *,
        stolen: FromQuery[bool] = False,
        since: FromQuery[str] = "",
    ) -> messages.Removed:
        """End its keys and the sessions that it has begun; with `stolen=true` all that it has let in, and passwords.

        `since`, as `7d` ago or RFC 3339: what had arrived from it before that hour, by the cloud's clock, stands.
        """
        who = actor(visit)
        hub = uuid_in(name, NO_HUB)
        told = unless_refused(await hubs.remove(visit.desk.parts, who, hub, stolen=stolen, since=since))
        said = "Hub removed, and all that it had let in" if stolen else "Hub removed"
        return messages.Removed(said, [notice(each) for each in told])
