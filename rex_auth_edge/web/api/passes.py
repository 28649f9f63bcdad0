"""Guests' passes: made, listed and revoked by the household; shown to whoever holds one."""

from typing import Any

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.flows.household import passes
from rex_auth_edge.flows.household.passes import NO_PASS
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import pass_messages as messages
from rex_auth_edge.web.api.household import actor, uuid_in
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.visit import Visit


class Passes(Controller):
    """GET and POST household/passes, DELETE of one."""

    path = "/household/passes"

    @get()
    async def list(self, visit: NamedDependency[Visit]) -> messages.Passes:
        """The household's passes, the newest first; their secrets are nowhere any more."""
        rows = unless_refused(await passes.listed(visit.desk.parts, actor(visit)))
        now = visit.desk.parts.clock.now()
        return messages.Passes([guest_pass(row, now) for row in rows])

    @post(status_code=200)
    async def create(self, data: JSONBody[messages.MakePass], visit: NamedDependency[Visit]) -> messages.MadePass:
        """Make a pass for a guest: a link to hand over and, where it is over within a day, all that doors need."""
        wanted = passes.Wanted(data.name, tuple((data.scopes or "").split()), data.starts, data.ends)
        made = unless_refused(await passes.create(visit.desk.parts, actor(visit), wanted))
        begins, ends = rfc3339(made.shown.begins_at), rfc3339(made.shown.ends_at)
        said = "Hand the link to your guest"
        return messages.MadePass(said, str(made.id), made.secret, made.link, made.shown.token, begins, ends)

    @delete("/{name:str}", status_code=200)
    async def revoke(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """End a pass before its time."""
        who = actor(visit)
        unless_refused(await passes.revoke(visit.desk.parts, who, uuid_in(name, NO_PASS)))
        return Said("Pass revoked")


class GuestPass(Controller):
    """POST oauth/pass."""

    path = "/oauth/pass"

    @post(status_code=200)
    async def show(self, data: JSONBody[messages.ShowPass], visit: NamedDependency[Visit]) -> messages.PassToken:
        """A fresh token for whoever holds a pass: a bearer token, good for a day at most."""
        shown = await limited.look_at_pass(visit, data.secret)
        begins, ends = rfc3339(shown.begins_at), rfc3339(shown.ends_at)
        scope = " ".join(shown.scopes)
        return messages.PassToken(shown.token, "Bearer", shown.seconds, scope, shown.name, begins, ends)


def guest_pass(row: Any, now: Moment) -> messages.Pass:
    """A pass as the household sees it."""
    return messages.Pass(
        id=str(row.id),
        name=row.name,
        scopes=row.scopes.split(),
        status=passes.status(row, now),
        begins_at=rfc3339(row.begins_at),
        ends_at=rfc3339(row.ends_at),
        created_at=rfc3339(row.created_at),
        made_by=str(row.made_by) if row.made_by else None,
        seen_at=rfc3339(row.seen_at) if row.seen_at else None,
        seen_from=row.seen_from,
    )
