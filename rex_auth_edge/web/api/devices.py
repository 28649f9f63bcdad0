"""The household's devices, as its people look after them."""

from typing import Any

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from rex_auth_edge.client import jose
from rex_auth_edge.domain import devices
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.flows.devices import adding, records
from rex_auth_edge.flows.devices.records import NO_DEVICE
from rex_auth_edge.web.answers import rfc3339, unless_refused
from rex_auth_edge.web.api import device_messages as messages
from rex_auth_edge.web.api.household import actor, uuid_in
from rex_auth_edge.web.api.messages import Said
from rex_auth_edge.web.visit import Visit


class Devices(Controller):
    """GET and POST household/devices; PATCH and DELETE of one; POST suspend and resume."""

    path = "/household/devices"

    @get()
    async def list(self, visit: NamedDependency[Visit]) -> messages.Devices:
        """The household's devices, and those that have been added and are to come."""
        found = unless_refused(await records.listed(visit.desk.parts, actor(visit)))
        return messages.Devices([device(row) for row in found.devices], [to_come(row) for row in found.awaited])

    @post(status_code=200)
    async def add(self, data: JSONBody[messages.AddDevice], visit: NamedDependency[Visit]) -> messages.Awaited:
        """Let a device in that will show the code: by its camera or typed, once and for minutes."""
        who = actor(visit)
        wish = devices.wish(data.name, data.kind, data.room, (data.scopes or "").split())
        if isinstance(wish, Refused):
            return unless_refused(wish)
        made = unless_refused(await adding.add(visit.desk.parts, who, wish, data.code_life))
        qr = visit.desk.parts.invitation(made.code)
        return messages.Awaited("Show this to the device", str(made.id), made.code, qr, rfc3339(made.expires_at))

    @patch("/{name:str}", status_code=200)
    async def change(
        self, name: FromPath[str], data: JSONBody[messages.ChangeDevice], visit: NamedDependency[Visit]
    ) -> Said:
        """Rename it, put it elsewhere, or take scopes from it."""
        who = actor(visit)
        wanted = records.Change(data.name, data.room, None if data.scopes is None else tuple(data.scopes.split()))
        unless_refused(await records.change(visit.desk.parts, who, uuid_in(name, NO_DEVICE), wanted))
        return Said("Device changed")

    @post("/{name:str}/suspend", status_code=200)
    async def suspend(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Refuse whatever it holds, until it may go on."""
        who = actor(visit)
        unless_refused(await records.suspend(visit.desk.parts, who, uuid_in(name, NO_DEVICE)))
        return Said("Device suspended")

    @post("/{name:str}/resume", status_code=200)
    async def resume(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Let a suspended device go on."""
        who = actor(visit)
        unless_refused(await records.resume(visit.desk.parts, who, uuid_in(name, NO_DEVICE)))
        return Said("The device may go on")

    @delete("/{name:str}", status_code=200)
    async def remove(self, name: FromPath[str], visit: NamedDependency[Visit]) -> Said:
        """Remove it for good, or withdraw one that is to come."""
        who = actor(visit)
        unless_refused(await records.remove(visit.desk.parts, who, uuid_in(name, NO_DEVICE)))
        return Said("Device removed")


def device(row: Any) -> messages.Device:
    """A device as people see it; its key by its thumbprint (RFC 7638)."""
    return messages.Device(
        id=str(row.id),
        name=row.name,
        kind=row.kind,
        room=row.room,
        scopes=row.scopes.split(),
        state=row.state,
        way=row.way,
        key=jose.text(bytes(row.thumbprint)) if row.thumbprint else None,
        added_by=str(row.added_by) if row.added_by else None,
        created_at=rfc3339(row.created_at),
        seen_at=rfc3339(row.seen_at) if row.seen_at else None,
        seen_from=row.seen_from,
    )


def to_come(row: Any) -> messages.ToCome:
    """A device that hasn't come yet."""
    return messages.ToCome(str(row.id), row.name, row.kind, row.room, row.scopes.split(), rfc3339(row.expires_at))
