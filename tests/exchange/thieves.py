"""Whoever has a hub's key, or its machine: they go on from where it stands, and say what it never would."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.messages import PUSH
from rex_auth_edge.exchange.proof import Signer
from rex_auth_edge.storage import users
from rex_auth_edge.storage.tx import Tx
from rex_auth_edge.sync.bodies import Change, Push, Pushed, Refusal, Row
from rex_auth_edge.sync.digest import link
from rex_auth_edge.sync.kinds import REVOKED, Kind, lane_of
from rex_auth_edge.sync.me import Me
from rex_auth_edge.sync.order import START, Lane, Tag, unsent
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import Held, Rung, State
from rex_auth_edge.sync.wire import decode, encode, name_of, pack_state
from tests.doubles import SeededEntropy
from tests.exchange.street import CLOUD, Hub


class Talk:
    """Somebody who speaks to the cloud as the hub does, and says what a hub wouldn't."""

    def __init__(self, hub: Hub, signer: Signer | None = None) -> None:
        self.household = hub.sync.runs.running[hub.tenant].household
        self.signer = signer or self.household.signer()
        self.asking = SignedLine(hub.line, CLOUD, lambda: self.signer, SeededEntropy(5))

    async def says(self, path: str, body: bytes) -> str:
        """What comes back: a body's kind, a refusal's code, or what the hub makes of it."""
        try:
            answer = await self.asking.ask(path, body)
        except Exception as error:  # noqa: BLE001 - its text is the outcome
            return str(error)
        kind = name_of(answer)
        return decode(answer, Refusal).code if kind == Refusal.__name__ else kind

    def push(self, *changes: Change, **other: Any) -> Push:
        """A push as the hub's next would be."""
        me = self.household.me
        number = changes[-1].number if changes else me.heads[0].number
        upto = link(me.heads[0], Lane.SECURITY, number, changes)
        made = Push(me.nonce, me.incarnation, me.epoch, Lane.SECURITY, me.heads[0], upto, changes)
        return replace(made, **other)

    def change(self, **other: Any) -> Change:
        """A member that the hub has let in, by itself."""
        me = self.household.me
        number = me.number + 1
        pen = Pen(me_tag(me, number), me.whole)
        made = Change("user", b"somebody new....", number, me.whole, pack_state(pen.climb()))
        return replace(made, **other)


def me_tag(me: Me, number: int) -> Tag:
    """The hub's tag."""
    return Tag(me.id, me.incarnation, number)


class Thief:
    """Goes on from where the hub stands, push by push."""

    def __init__(self, hub: Hub) -> None:
        self.talk = Talk(hub)
        me = self.talk.household.me
        self.number, self.nonce, self.heads = me.number, me.nonce, dict(zip(Lane, me.heads, strict=True))

    async def push(self, kind: str, subject: bytes, make: Callable[[Pen], State]) -> str:
        """One change of its own; what comes of it."""
        me = self.talk.household.me
        number = self.number + 1
        state = make(Pen(me_tag(me, number), me.whole))
        changes = (Change(kind, subject, number, me.whole, pack_state(state)),)
        after = self.heads[lane_of(kind)]
        upto = link(after, lane_of(kind), number, changes)
        said = Push(self.nonce, me.incarnation, me.epoch, lane_of(kind), after, upto, changes)
        try:
            answer = decode(await self.talk.asking.ask(PUSH, encode(said)), Pushed)
        except Exception as error:  # noqa: BLE001 - its text is the outcome
            return str(error)
        self.number, self.nonce, self.heads[lane_of(kind)] = number, answer.nonce, upto
        return "taken"


async def lost(thief: Thief, kind: str, subject: bytes, state: State) -> None:
    """The thief says that a restored cloud has forgotten this."""
    me, lane = thief.talk.household.me, lane_of(kind)
    after = thief.heads[lane]
    upto = link(after, lane, after.number, ())
    row = Row(kind, subject, me.told, pack_state(state))
    said = Push(thief.nonce, me.incarnation, me.epoch, lane, after, upto, lost=(row,))
    answer = decode(await thief.talk.asking.ask(PUSH, encode(said)), Pushed)
    thief.nonce, thief.heads[lane] = answer.nonce, upto


ELSEWHERE: dict[str, Any] = {"address": "thief@example.org", "key": "thief@example.org", "proven": True}


async def in_the_clouds_name(thief: Thief, cloud: bytes, hub: bytes, **said: Any) -> None:
    """The thief says that a restored cloud has forgotten that it had ended another hub, and said this of it."""
    by = Tag(cloud, 1, 1)
    fields = {name: Held(unsent(0), by, value) for name, value in said.items()}
    await lost(thief, Kind.HUB, hub, State(rung=Rung(REVOKED, unsent(0), by, START), fields=fields))


async def says(hub: Hub, username: str, **columns: Any) -> None:
    """The hub's machine is somebody else's by now: it says this of a person, as if proven there."""

    def work(tx: Tx) -> None:
        person = users.by_username(tx.conn, hub.tenant, username)
        if "email" in columns:
            columns.update(email_key=columns["email"], email_proven=True, email_verified=True)
        users.change(tx, hub.tenant, person.id, **columns)

    await hub.home.store.write(work)
