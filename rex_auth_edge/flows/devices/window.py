"""The window: devices may ask to be let in only while an owner has it open, for minutes and a number of tries."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from rex_auth_edge.domain import asks, durations
from rex_auth_edge.domain.asks import AskState, Way
from rex_auth_edge.domain.clock import Moment
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.flows.household.actor import Actor, forbidden, note, refusal
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import device_asks, pairing_windows
from rex_auth_edge.storage.tx import Tx

CLOSED = Refused(
    Code.PAIRING_CLOSED,
    "Nobody has opened pairing: an owner does, on the hub's page of devices or with `rex-auth-edge device window --for "
    "5m`; then ask again",
)
_BAD_LENGTH = Refused(
    Code.INVALID_FIELD, "open_for is a length of time from 3m to 15m, such as 5m", {"open_for": "not good"}
)


@dataclass(frozen=True, slots=True)
class Window:
    """Until when devices may ask (milliseconds since 1970; None where it is closed), how often, by whose leave."""

    closes_at: int | None = None
    tries: int = 0
    opened_by: UUID | None = None

    @property
    def open(self) -> bool:
        """Whether devices may ask at present."""
        return self.closes_at is not None


async def seen(parts: Parts, actor: Actor) -> Window | Refused:
    """The household's window."""

    def query(conn: sa.Connection) -> Window | Refused:
        now = parts.clock.now()
        return forbidden(conn, now, actor, Act.ASKS) or present(conn, actor.tenant_id, now)

    return await parts.store.read(query)


def present(conn: sa.Connection, tenant_id: UUID, now: Moment) -> Window:
    """The window as it is now."""
    row = pairing_windows.get(conn, tenant_id)
    if row is None or not pairing_windows.is_open(row, now):
        return Window()
    return Window(row.closes_at, row.tries, row.opened_by)


async def open_for(parts: Parts, actor: Actor, length: str | None = None) -> Window | Refused:
    """Let devices ask for a length of time such as `5m`; anew, where it was open."""
    life = durations.milliseconds(length) if length else asks.USUAL
    if life is None or not asks.SHORTEST <= life <= asks.LONGEST:
        return _BAD_LENGTH

    def work(tx: Tx) -> Window | Refused:
        if (refused := refusal(tx, actor, Act.OPEN_WINDOW)) is not None:
            return refused
        closes = tx.now.after(life)
        pairing_windows.open_until(tx, actor.tenant_id, closes, asks.TRIES, actor.user_id)
        note(tx, actor, Act.OPEN_WINDOW, detail={"open_for": durations.written(life)})
        return Window(closes.wall, asks.TRIES, actor.user_id)

    return await parts.store.write(work)


async def close(parts: Parts, actor: Actor) -> Refused | None:
    """No device may ask from now on, and those that wait are refused; those approved may still come."""

    def work(tx: Tx) -> Refused | None:
        if (refused := refusal(tx, actor, Act.ASKS)) is not None:
            return refused
        closed = pairing_windows.close(tx, actor.tenant_id)
        for row in device_asks.pending(tx.conn, actor.tenant_id, tx.now, Way.GRANT, Way.WINDOW):
            if device_asks.move(tx, row, AskState.DENIED, decided_by=actor.user_id):
                note(tx, actor, "devices.denied", row.id, detail={"name": row.name})
        if closed:
            note(tx, actor, "devices.window_closed")
        return None

    return await parts.store.write(work, urgent=True)
