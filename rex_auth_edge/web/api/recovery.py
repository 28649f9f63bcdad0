"""Recovery by the hub's label: started and finished at home, seen by everybody, stopped by any owner."""

from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from rex_auth_edge.flows.household import presence
from rex_auth_edge.web import limited
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import recovery_messages as messages
from rex_auth_edge.web.api.household import actor
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.visit import Visit


class Presence(Controller):
    """POST recovery/start and recovery/finish."""

    @post(paths("recovery/start"), status_code=200)
    async def start(
        self, data: JSONBody[messages.StartRecovery], visit: NamedDependency[Visit]
    ) -> messages.RecoveryBegun:
        """Begin to recover a household, from the LAN, with the secret of the hub's label; everybody is told."""
        begun = await limited.start_recovery(visit, data.label_secret, data.tenant)
        said = "Keep the code, and come back in a day"
        return messages.RecoveryBegun(said, begun.code, rfc3339(begun.due_at), rfc3339(begun.expires_at))

    @post(paths("recovery/finish"), status_code=200)
    async def finish(
        self, data: JSONBody[messages.FinishRecovery], visit: NamedDependency[Visit]
    ) -> messages.RecoveryGranted:
        """A day later: a link with which the named owner gets a new password."""
        asked = (data.label_secret, data.recovery_code, data.username, data.tenant)
        found = await limited.finish_recovery(visit, *asked)
        said = "Choose a new password with this link"
        return messages.RecoveryGranted(said, found.link, found.token, rfc3339(found.expires_at))


class Recoveries(Controller):
    """GET household/recovery; POST household/recovery/veto."""

    path = "/household/recovery"

    @get()
    async def read(self, visit: NamedDependency[Visit]) -> messages.RecoveryNow:
        """Whether somebody is recovering the household."""
        row: Any = unless_refused(await presence.seen(visit.desk.parts, actor(visit)))
        if row is None:
            return messages.RecoveryNow(None)
        times = (rfc3339(row.created_at), rfc3339(row.due_at))
        return messages.RecoveryNow(messages.Recovery(*times, row.asked_from))

    @post("/veto", status_code=200)
    async def veto(self, visit: NamedDependency[Visit]) -> Said:
        """Stop it."""
        unless_refused(await presence.veto(visit.desk.parts, actor(visit)))
        return Said("The recovery is stopped")
