"""What a stolen hub says that the cloud has forgotten: nothing by which a household is shut out of itself for ever."""

import pytest

from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.hub.trouble import LineError
from rex_auth_edge.exchange.messages import ENROLL, PUSH, Enrol, Enrolled
from rex_auth_edge.exchange.proof import HubKey, Signer
from rex_auth_edge.storage import users
from rex_auth_edge.sync.kinds import HOUSEHOLD, REVOKED, Kind
from rex_auth_edge.sync.order import START, Position, Tag, unsent
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.standing import RESTORED
from rex_auth_edge.sync.state import Cell, Mark, Reset, Rung, State
from rex_auth_edge.sync.wire import Row, encode, name_of, pack_state
from tests.doubles import SeededEntropy
from tests.exchange.conftest import Street
from tests.exchange.people import joined, signed_in, validated
from tests.exchange.street import CLOUD
from tests.exchange.test_bad_input import Talk, me_tag

FAR = Position(1 << 61, 1)
"""A place after all that will ever be, and no unsent one."""
BY = Tag(b"E" * 16, 1, 1)


async def test_what_nobody_can_have_forgotten(street: Street) -> None:
    """Marks and resets of a place that is still to come, a policy's last version, the end of the cloud: all refused."""
    hub = await joined(street)
    home = street.cloud.home
    maya = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))).id.bytes
    cloud = (await home.store.write(lambda tx: tx.node)).id.bytes
    talk = Talk(hub)
    told = [
        (Cell(Kind.SIGN_OUT, maya), State(marks=(Mark(BY, FAR, None),))),
        (Cell(Kind.ROLE, maya), State(marks=(Mark(BY, FAR, "guest"),))),
        (Cell(Kind.PASSWORD, maya), State(resets=(Reset(BY, FAR),))),
        (Cell(Kind.POLICY, HOUSEHOLD), State(version=2**64 - 1)),
        (Cell(Kind.HUB, cloud), State(rung=Rung(REVOKED, unsent(0), BY, START))),
        (Cell(Kind.HUB, cloud), State(marks=(Mark(Tag(cloud, 1 << 60, 1), unsent(0), RESTORED),))),
    ]
    for cell, state in told:
        lost = (Row(cell.kind, cell.id, START, pack_state(state)),)
        assert await talk.says(PUSH, encode(talk.push(lost=lost))) == "forged", cell
    pen = Pen(me_tag(talk.household.me, talk.household.me.number + 1), talk.household.me.whole)
    ended = talk.change(kind=Kind.HUB.value, id=cloud, state=pack_state(pen.climb(REVOKED)))
    assert await talk.says(PUSH, encode(talk.push(ended))) == "forged"
    signed = await signed_in(home, "maya")
    assert await validated(home, signed.json()) == 200


async def test_a_hub_that_calls_itself_the_cloud(street: Street) -> None:
    """Nobody is let in under the cloud's own id, by whichever code."""
    home = street.cloud.home
    cloud = (await home.store.write(lambda tx: tx.node)).id.bytes
    key, code = HubKey(b"k" * 32), await street.cloud.claim()
    asking = SignedLine(street.hubs[0].line, CLOUD, lambda: Signer(key), SeededEntropy(5))
    with pytest.raises(LineError, match=r"malformed"):
        await asking.ask(ENROLL, encode(Enrol(code, cloud)))
    assert name_of(await asking.ask(ENROLL, encode(Enrol(code, b"somebody's hub..")))) == Enrolled.__name__
