"""What may arrive at the cloud's door: refused by a code, logged without secrets, and nothing of it is done by half."""

import zlib
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from limits import parse
from msgspec.structs import replace

from rex_auth_edge.domain.clock import SECOND
from rex_auth_edge.exchange.messages import PATHS, PULL, PUSH, TYPE
from rex_auth_edge.exchange.proof import HubKey, Signer, hub_name
from rex_auth_edge.exchange.trouble import LineError
from rex_auth_edge.sync.bodies import MOST_CHANGES, Change, Head, Hello, Page, Pull, Pushed
from rex_auth_edge.sync.digest import link
from rex_auth_edge.sync.order import NOTHING, START, Lane, Position, unsent
from rex_auth_edge.sync.pen import Pen
from rex_auth_edge.sync.wire import LARGEST_BODY, WireError, decode, encode, pack_state
from rex_auth_edge.web import rates
from rex_auth_edge.web.options import WebOptions
from rex_auth_edge.web.rates import Rates
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside, members
from tests.exchange.street import CLOUD
from tests.exchange.thieves import Talk, me_tag
from tests.hub import Household
from tests.tenancy.rows import kept


def envelope(version: int, name: str, body: Any) -> bytes:
    """A body as another release would make it."""
    return zlib.compress(msgspec.msgpack.encode((version, name, body)))


PULL_ = Pull(1, Lane.SECURITY, START)
AHEAD = (Position(1, 10**6),) * 4
BOMB = zlib.compress(b"\0" * (32 * 1024 * 1024), 9)
FLIPPED = bytearray(encode(PULL_))
FLIPPED[5] ^= 1

BODIES: dict[str, tuple[str, Callable[[Talk], bytes], str]] = {
    "empty": (PULL, lambda _: b"", "malformed"),
    "truncated": (PULL, lambda _: encode(PULL_)[:-3], "malformed"),
    "flipped": (PULL, lambda _: bytes(FLIPPED), "malformed"),
    "followed by something": (PULL, lambda _: encode(PULL_) + b"!", "malformed"),
    "no body at all": (PULL, lambda _: b"\x00" * 100, "malformed"),
    "plain": (PULL, lambda _: msgspec.msgpack.encode((1, "Pull", PULL_)), "malformed"),
    "inflating": (PUSH, lambda _: BOMB, "malformed"),
    "too large": (PUSH, lambda _: b"x" * (LARGEST_BODY + 1), "too_large"),
    "of the next version": (PULL, lambda _: envelope(2, "Pull", PULL_), "version"),
    "of another kind": (PULL, lambda talk: encode(talk.push()), "malformed"),
    "of no kind": (PULL, lambda _: envelope(1, "Nothing", [1]), "malformed"),
    "nested deeply": (PULL, lambda _: envelope(1, "Pull", msgspec.Raw(b"\x91" * 5000 + b"\xc0")), "malformed"),
    "with fields of other types": (PULL, lambda _: envelope(1, "Pull", {"epoch": "one"}), "malformed"),
    "from another epoch": (PULL, lambda _: encode(replace(PULL_, epoch=7)), "greet"),
    "of another incarnation": (PUSH, lambda talk: encode(talk.push(talk.change(), incarnation=9)), "greet"),
    "after what isn't there": (PUSH, lambda talk: encode(talk.push(after=Head(77))), "greet"),
    "with a broken chain": (PUSH, lambda talk: encode(talk.push(upto=replace(talk.push().upto, hash=b"x"))), "forged"),
    "in another's name": (PUSH, lambda talk: encode(talk.push(forged(talk, b"another hub.....", None))), "forged"),
    "with a place of its own": (PUSH, lambda talk: encode(talk.push(forged(talk, None, Position(1, 1)))), "forged"),
    "having seen the future": (PUSH, lambda talk: encode(talk.push(talk.change(seen=AHEAD))), "forged"),
    "in another lane": (PUSH, lambda talk: encode(talk.push(talk.change(kind="user.profile"))), "forged"),
    "with what is no state": (PUSH, lambda talk: encode(talk.push(talk.change(state=b"\xff"))), "malformed"),
    "501 at once": (PUSH, lambda talk: encode(talk.push(*many(talk))), "forged"),
}  # fmt: skip


def forged(talk: Talk, origin: bytes | None, at: Position | None) -> Change:
    """A change that isn't the hub's to make."""
    me = talk.household.me
    tag = me_tag(me, me.number + 1)
    pen = Pen(tag._replace(origin=origin or tag.origin), me.whole, at)
    return talk.change(state=pack_state(pen.climb()))


def many(talk: Talk) -> list[Change]:
    """More than a push may hold."""
    me = talk.household.me
    numbers = range(me.number + 1, me.number + 502)
    return [replace(talk.change(), number=n, state=pack_state(Pen(me_tag(me, n), me.whole).climb())) for n in numbers]


async def rows(street: Street) -> Any:
    """All that the cloud has of the household, but for when its hub was last heard of."""
    found = await kept(street.cloud.home.store, street.cloud.tenant)
    return {table: of_table for table, of_table in found.items() if table != "sync_members"}


async def test_bodies(street: Street, caplog: pytest.LogCaptureFixture) -> None:
    """Each is refused by its code; the cloud's tables stay as they were; the hub is not the worse for it."""
    hub = await joined(street)
    talk, before = Talk(hub), await rows(street)
    for name, (path, make, code) in BODIES.items():
        assert await talk.says(path, make(talk)) == code, name
    assert await rows(street) == before
    assert await talk.says(PULL, encode(replace(PULL_, epoch=talk.household.me.epoch))) == Page.__name__
    await add(hub.home, "noah")
    await agree(street)
    assert "noah" in await members(street.cloud.home)
    assert "somebody new" not in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_replayed_and_out_of_order(street: Street) -> None:
    """A push that comes again is answered as before; an older one is told so; a used nonce with other words locks."""
    hub = await joined(street)
    talk = Talk(hub)
    first = encode(talk.push())
    assert await talk.says(PUSH, first) == Pushed.__name__
    assert await talk.says(PUSH, first) == Pushed.__name__
    answer = decode(await talk.asking.ask(PUSH, first), Pushed)
    after = talk.push().upto
    second = encode(talk.push(nonce=answer.nonce, after=after, upto=link(after, Lane.SECURITY, after.number, ())))
    assert await talk.says(PUSH, second) == Pushed.__name__
    assert await talk.says(PUSH, first) == "repeated"
    assert await talk.says(PUSH, encode(talk.push(talk.change()))) == "locked"
    assert (await hub.meet()).locked


async def test_another_household(street: Street) -> None:
    """No key of one household's hub reaches anything of another's, by whichever name it goes."""
    hub = await joined(street)
    await add(hub.home, "noah")
    await agree(street)
    mine, before = Talk(hub), await rows(street)
    stranger = HubKey(b"s" * 32)
    me = mine.household.me
    for signer, code in (
        (Signer(stranger, hub_name(street.cloud.tenant, me.id)), "proof"),
        (Signer(stranger, hub_name(street.cloud.tenant, b"another hub.....")), "unknown_key"),
        (Signer(mine.signer.key, hub_name(hub.tenant, me.id)), "unknown_key"),
        (Signer(mine.signer.key, hub_name(street.cloud.tenant, b"another hub.....")), "unknown_key"),
        (Signer(stranger), "proof"),
    ):
        for path in sorted(PATHS - {"/sync/enroll"}):
            assert await Talk(hub, signer).says(path, encode(replace(PULL_, epoch=me.epoch))) == code, (path, code)
    assert await rows(street) == before


async def post(home: Household, path: str, method: str = "POST", **headers: str) -> httpx.Response:
    """A stranger's request."""
    async with home.client("198.51.100.7") as client:
        return await client.request(method, path, content=b"x", headers=headers)


async def test_strangers(street: Street) -> None:
    """Without a proof there is a nonce and nothing else; another method isn't for here."""
    for path in PATHS:
        answer = await post(street.cloud.home, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "use_nonce")
        assert answer.headers["rex-nonce"]
        assert answer.headers["www-authenticate"] == "RexSync"
        answer = await post(street.cloud.home, path, method="GET")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_hub_has_no_such_routes(street: Street) -> None:
    """The cloud's routes are the cloud's: a hub answers 404, and its document knows none of them."""
    home = street.hubs[0].home
    for path in PATHS:
        answer = await post(home, path, content_type="application/json")
        assert answer.status_code in {400, 404}
    async with home.client() as client:
        for path in ("/household/hubs", "/household/hubs/claims"):
            assert (await client.get(path)).status_code == 404
            assert (await client.post(path)).status_code == 404
        document = (await client.get("/openapi.json")).json()
    assert not [path for path in document["paths"] if path.startswith(("/sync", "/household/hubs"))]
    async with street.cloud.home.client() as client:
        document = (await client.get("/openapi.json")).json()
    assert {"/household/hubs", "/household/hubs/claims", "/household/hubs/{name}"} <= set(document["paths"])


async def test_guessing_is_counted(street: Street) -> None:
    """An address that makes up hubs or codes is told to wait, and asks no database any more."""
    home = street.cloud.home
    Rates.__init__(home.hub.rates, WebOptions(CLOUD), street.clock)  # in memory, and on
    hub = street.hubs[0]
    said = [await hub.sync.enrol(hub.tenant, CLOUD, f"CODE-{number}") for number in range(31)]
    codes = [each.fields["cloud"] for each in said if hasattr(each, "fields")]
    assert codes == ["invalid_claim_code"] * 30 + ["too_often"]
    street.clock.advance(61 * SECOND)
    await hub.enrol(street.cloud)


async def test_a_hub_that_never_stops_asking(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to wait, and doesn't ask in smaller parts; its neighbours needn't, and nothing is remembered."""
    hub, beside = await joined(street), await joined_beside(street)
    home = street.cloud.home
    monkeypatch.setitem(rates._RULES, rates.Rule.HUB, rates._Limits(every_target=(parse("30/minute"),)))
    Rates.__init__(home.hub.rates, WebOptions(CLOUD), street.clock)
    talk = Talk(hub)
    body = encode(Pull(talk.household.me.epoch, Lane.SECURITY, talk.household.me.told))
    said = [await talk.says(PULL, body) for _ in range(32)]
    assert said == ["Page"] * 30 + ["too_often"] * 2
    running = hub.sync.runs.running[hub.tenant]
    await add(hub.home, "noah")
    assert (await hub.meet()).trouble == "too_often"
    assert running.rounds.pace.most == MOST_CHANGES
    assert running.loop._after(LineError("too_often", 30 * SECOND)) >= 30 * SECOND
    assert (await beside.meet()).trouble is None
    desk = home.hub.cloud
    assert desk is not None
    kept_marks = len(desk._checks._memory._used)  # type: ignore[attr-defined]
    assert await talk.says(PULL, body) == "too_often"
    assert len(desk._checks._memory._used) == kept_marks  # type: ignore[attr-defined]
    street.clock.advance(61 * SECOND)
    assert (await hub.meet()).trouble is None
    assert "noah" in await members(home)


async def test_answers_that_are_no_answers(street: Street) -> None:
    """What comes back changed does nothing at the hub, which says that it is damaged, and goes on later."""
    hub = await joined(street)
    for number, damage in enumerate([b"", b"<html>", b"x" * 100, zlib.compress(b"\0" * 10_000_000)]):
        await add(hub.home, f"noah{number}")
        hub.line.damage = damage
        assert (await hub.meet()).trouble == "damaged"
        hub.line.damage = None
        await agree(street)
        assert f"noah{number}" in await members(street.cloud.home)


def test_the_table_is_right() -> None:
    """What the bodies above are made of is good where nothing was done to it."""
    assert decode(encode(PULL_), Pull) == PULL_
    with pytest.raises(WireError):
        decode(encode(PULL_), Hello)
    assert (NOTHING[0], unsent(1).seq, TYPE) == (START, 1, "application/vnd.rex.sync")
