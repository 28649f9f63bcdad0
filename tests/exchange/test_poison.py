"""What a hub's thief signs properly and an honest hub never says: it harms neither the cloud nor the hubs beside it."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.messages import HELLO, PULL
from rex_auth_edge.storage import users
from rex_auth_edge.sync.bodies import Hello, Page, Pull, Refusal, Welcome
from rex_auth_edge.sync.kinds import ACTIVE, HOUSEHOLD, PENDING, Kind
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.state import State
from rex_auth_edge.sync.wire import decode, encode, name_of, pack_state
from tests.doubles import SeededEntropy
from tests.exchange.conftest import Street
from tests.exchange.people import agree, joined, joined_beside, signed_in
from tests.exchange.street import CLOUD, bearer
from tests.exchange.thieves import Talk, Thief
from tests.hub import PASSWORD

THING = b"some thing or so"


def _climb(step: int, fields: dict[str, Any], pen: Pen) -> State:
    return pen.climb(step, **fields)


def _put(fields: dict[str, bytes], pen: Pen) -> State:
    return pen.put(**fields)


async def test_values_of_no_sense(street: Street) -> None:
    """What isn't of the kind that belongs there counts as absent: the cloud doesn't stumble, owners see the rest."""
    hub = await joined(street)
    home, thief = street.cloud.home, Thief(hub)
    maya = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))).id.bytes
    noah = b"noah's own id..."
    for kind, subject, make in (
        (Kind.ROLE, noah, lambda pen: pen.role([1])),
        (Kind.ROLE, noah, lambda pen: pen.role({"a": 1})),
        (Kind.POLICY, HOUSEHOLD, lambda pen: pen.put(password_rule=[1], shares={"a": 1}, passwords_home=5)),
        (Kind.INVITATION, THING, lambda pen: pen.climb(PENDING, role=[1], name=5, expires=1 << 61)),
        (Kind.NOTICE, THING, lambda pen: pen.climb(ACTIVE, about=b"short", code="x")),
        (Kind.FAILURES, maya, lambda pen: pen.failed("00" * 32, 1 << 63)),
    ):
        assert await thief.push(kind, subject, make) == "taken", (kind, subject)
    async with bearer(home, (await signed_in(home, "maya")).json()) as owner:
        for path in ("/household/sync", "/household/sync/reviews", "/household/members", "/household/policy"):
            assert (await owner.get(path)).status_code == 200, path


async def test_a_hub_that_would_not_be_removed(street: Street) -> None:
    """Whatever it has said of how far it is to be trusted, an owner removes it."""
    hub = await joined(street)
    thief, me = Thief(hub), Talk(hub).household.me.id
    assert await thief.push(Kind.HUB, me, lambda pen: pen.put(distrust=["x", "y"])) == "taken"
    async with await street.cloud.owner() as owner:
        await owner.post("/auth/reauthenticate", json={"password": PASSWORD})
        done = await owner.delete(f"/household/hubs/{UUID(bytes=me)}")
    assert done.status_code == 200, done.text


async def test_words_that_a_hub_puts_into_others_mouths(street: Street) -> None:
    """What owners and people read is the program's own: no text of a hub stands where a code belongs."""
    hub = await joined(street)
    home, thief = street.cloud.home, Thief(hub)
    maya = (await home.store.read(lambda conn: users.by_username(conn, street.cloud.tenant, "maya"))).id.bytes
    grant = pack_state(State())
    for number, text in enumerate(["{who.nobody}", "{0}", "{", "call this number", "x" * 50_000]):
        notice, review = (name + bytes([number]) for name in (b"a thing to read", b"a thing to do.."))
        assert await thief.push(Kind.NOTICE, notice, partial(_climb, ACTIVE, {"about": maya, "code": text})) == "taken"
        told = {"kind": Kind.ROLE.value, "id": maya, "state": grant, "why": text}
        assert await thief.push(Kind.REVIEW, review, partial(_climb, PENDING, told)) == "taken"
    odd = {"kind": "No kind at all", "id": maya, "state": grant, "why": "x"}
    assert await thief.push(Kind.REVIEW, b"an odd review...", partial(_climb, PENDING, odd)) == "taken"
    async with bearer(home, (await signed_in(home, "maya")).json()) as owner:
        for path in ("/household/sync/reviews", "/auth/notices"):
            answer = await owner.get(path)
            assert answer.status_code == 200
            assert "call this" not in answer.text
            assert len(answer.text) < 5000
        waiting = (await owner.get("/household/sync/reviews")).json()["reviews"]
    assert [each["code"] for each in waiting] == ["unknown"] * 5, "what no node could keep can't be confirmed"


async def test_a_cell_that_is_too_large_to_be_told(street: Street) -> None:
    """However much one hub puts into a cell, others go on hearing of what closes doors; and owners hear of it."""
    hub = await joined(street)
    beside = await joined_beside(street)
    street.hubs.remove(hub)
    await agree(street)
    thief, noise = Thief(hub), street.cloud.home.hub.parts.entropy
    for number in range(4):
        fields = {f"f{number}": noise.token_bytes(100 * 1024)}
        assert await thief.push("newer", THING, partial(_put, fields)) == "taken"
    assert (await beside.meet()).trouble is None
    await agree(street)
    async with await street.cloud.owner() as owner:
        told = (await owner.get("/household/sync/reviews")).json()["notices"]
    assert "outgrown" in {each["code"] for each in told}


async def test_one_hub_keeps_few_requests_waiting(street: Street) -> None:
    """Whoever asks again has given up the former request, which is answered at once: others find a place."""
    hub = await joined(street)
    talk, desk = Talk(hub), street.cloud.home.hub.cloud
    assert desk is not None
    me = talk.household.me
    body = encode(Pull(me.epoch, Lane.SECURITY, me.told))
    lines = [SignedLine(hub.line, CLOUD, lambda: talk.signer, SeededEntropy(seed)) for seed in range(5)]
    waiting = [asyncio.ensure_future(line.ask(PULL, body, 55)) for line in lines]

    async def one_is_left() -> bool:
        return sum(each.done() for each in waiting) == 4 and desk._waiting == 1

    await hub.line.until(one_is_left)
    desk.stop()
    assert all(decode(answer, Page).whole for answer in await asyncio.gather(*waiting))
    assert (desk._waiting, len(desk._waits)) == (0, 0)


async def test_restores_that_never_were(street: Street) -> None:
    """A hub that says again and again that the cloud was restored fills no record by it; nor by an endless key."""
    talk = Talk(await joined(street))
    me, heads = talk.household.me, tuple((head,) for head in talk.household.me.heads)
    endless = Hello(me.nonce, me.incarnation, me.number, me.epoch, heads, next_key=bytes(65))
    assert await talk.says(HELLO, encode(endless)) == "malformed"
    nonce, count, answer = me.nonce, 0, b""
    for count in range(300):
        hello = encode(Hello(nonce, me.incarnation, me.number, me.epoch + 2 * count + 1, heads))
        answer = await talk.asking.ask(HELLO, hello)
        if name_of(answer) == Refusal.__name__:
            break
        nonce = decode(answer, Welcome).nonce
    assert decode(answer, Refusal).code == "cloud_behind"
    assert count < 256
