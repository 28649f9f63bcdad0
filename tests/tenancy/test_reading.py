"""Whatever ours may read, nothing of the household next door is in it."""

from itertools import product

from rex_auth_edge.domain.roles import Role
from tests.tenancy.answers import needles, said, unheard
from tests.tenancy.neighbours import Neighbours
from tests.tenancy.routes import PAGES, filled, handlers
from tests.tenancy.rows import kept


async def test_nothing_of_theirs_is_read(they: Neighbours) -> None:
    """Every route that reads, each page, asked politely and with hints at the other household."""
    before = await kept(they.home.store)
    hints = {"x-tenant-id": str(they.theirs.tenant_id), "x-user-id": they.theirs.tokens[Role.OWNER]["user_id"]}
    good = 0
    readable = [route for route in await handlers(they.home) if route.method == "GET"]
    for role, route in product(Role, readable):
        path = filled(route, tuple(they.ours.things[kind] for kind in route.kinds))
        for query in ({}, {"page": "2"}, {"tenant": they.theirs.slug, "tenant_id": str(they.theirs.tenant_id)}):
            answer = await they.ours.clients[role].get(path, params=query, headers=hints)
            assert answer.status_code in {200, 400, 403}, (path, answer.text)
            good += answer.status_code == 200
    assert good > 120
    await unheard(they)
    assert await kept(they.home.store) == before


async def test_pages_are_everybodys(they: Neighbours) -> None:
    """What is outside of the document shows no household at all: strangers read the same."""
    async with they.home.client("192.168.1.99") as stranger:
        for page in PAGES:
            told = {(await client.get(page)).text for client in (they.ours.owner, they.theirs.owner, stranger)}
            assert len(told) == 1


async def test_what_is_looked_for_can_be_found(they: Neighbours) -> None:
    """What the test above rests on: next door, each of the routes that show a household shows what is looked for."""
    wanted = await needles(they)
    for path in ("", "/members", "/invites", "/codes", "/audit", f"/members/{they.theirs.things['member']}/history"):
        shown = said(await they.theirs.owner.get(f"/household{path}"))
        assert any(needle in shown for needle in wanted), path
