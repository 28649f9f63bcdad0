"""Synchronisation for people: how it stands, what waits for an owner, what was decided against somebody."""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from rex_auth_edge.exchange.oversight import deciding, overview
from rex_auth_edge.exchange.oversight.notices import NO_NOTICE
from rex_auth_edge.exchange.oversight.reviews import NO_REVIEW
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import sync_messages as messages
from rex_auth_edge.web.api.household import actor, uuid_in
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.api.paths import paths
from rex_auth_edge.web.visit import Visit


class Syncing(Controller):
    """GET household/sync and household/sync/reviews; POST confirm and dismiss of one; DELETE of a notice."""

    path = "/household/sync"

    @get()
    async def read(self, visit: NamedDependency[Visit]) -> messages.Sync:
        """How the household's synchronisation stands."""
        return stands(unless_refused(await overview.overview(visit.desk.parts, actor(visit), visit.desk.sync)))

    @get("/reviews")
    async def list(self, visit: NamedDependency[Visit]) -> messages.Reviews:
        """What waits for an owner, and what was decided against somebody, each in order."""
        found = unless_refused(await deciding.matters(visit.desk.parts, actor(visit)))
        return messages.Reviews([_review(each) for each in found.held], [notice(each) for each in found.told])

    @post("/reviews/{name:str}/confirm", status_code=200)
    async def confirm(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Do what was held back, by one's own right."""
        unless_refused(await deciding.confirm(visit.desk.parts, actor(visit), uuid_in(name, NO_REVIEW)))
        return Said("Done")

    @post("/reviews/{name:str}/dismiss", status_code=200)
    async def dismiss(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Let it be, for good."""
        unless_refused(await deciding.dismiss(visit.desk.parts, actor(visit), uuid_in(name, NO_REVIEW)))
        return Said("Dismissed")

    @delete("/notices/{name:str}", status_code=200)
    async def clear(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Tell nobody any more of what was decided."""
        unless_refused(await deciding.clear(visit.desk.parts, actor(visit), uuid_in(name, NO_NOTICE)))
        return Said("Cleared")


class Notices(Controller):
    """GET notices, DELETE of one."""

    @get(paths("notices"))
    async def list(self, visit: NamedDependency[Visit]) -> messages.Notices:
        """What was decided against the caller elsewhere, such as another username."""
        return messages.Notices([notice(each) for each in await deciding.own(visit.desk.parts, visit.principal())])

    @delete(paths("notices/{name:str}"), status_code=200)
    async def read(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """The caller has seen it; the household's owners still do."""
        who = visit.principal()
        unless_refused(await deciding.read(visit.desk.parts, who, uuid_in(name, NO_NOTICE)))
        return Said("Cleared")


def _review(held: deciding.Held) -> messages.Review:
    return messages.Review(str(held.id), held.what, held.why, held.code, held.by, _time(held.at))


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def notice(told: deciding.Told) -> messages.Notice:
    """One as clients see it."""
    return messages.Notice(str(told.id), str(told.about), told.code, told.says, _time(told.at))


def stands(found: overview.Overview) -> messages.Sync:
    """How it stands, as clients see it."""
    status = found.status
    return messages.Sync(
        enrolled=status.enrolled,
        summary=found.headline,
        sentences=found.sentences,
        cloud=status.cloud,
        waiting=messages.Waiting(*status.waiting),
        reached_at=_time(status.reached_at),
        agreed_at=_time(status.agreed_at),
        trouble=status.trouble,
        paused=status.paused,
        paused_at=_time(status.paused_at),
        reviews=status.reviews,
        conflicts=status.conflicts,
        repairs=status.repairs,
    )
