"""Whatever exists next door, by whichever id and through whichever route: there is no such thing."""

from collections.abc import Iterator
from itertools import product
from uuid import UUID

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.web.app import _framework
from tests.hub import Household
from tests.tenancy.answers import needles, shown, unheard
from tests.tenancy.neighbours import Neighbours, another
from tests.tenancy.routes import PAGES, Route, filled, handlers, routes
from tests.tenancy.rows import Kept, kept

NOBODYS = {True: "01a208a2-7a56-720b-929a-ad8b101c10f0", False: "4503599627370495"}
"""An id that nothing has, as a UUID and as a number."""


def ids(rows: Kept) -> list[str]:
    """Of each column of each table that holds ids, two: the first and the last; and names that people type."""
    found: dict[tuple[str, str], list[str]] = {}
    for table, of_table in rows.items():
        for row in of_table:
            for column, value in row.items():
                if isinstance(value, UUID) or column in {"number", "slug", "username", "email", "seq"}:
                    found.setdefault((table, column), []).append(str(value))
    assert {("users", "id"), ("auth_sessions", "number"), ("invitations", "id"), ("audit", "seq")} <= set(found)
    return sorted({value for values in found.values() for value in (values[0], values[-1])} - {"None"})


def mixtures(route: Route, own: dict[str, str], foreign: str) -> Iterator[tuple[str, ...]]:
    """The foreign id in every place and every set of places, with things of one's own in the others."""
    for places in product((False, True), repeat=len(route.parameters)):
        if any(places):
            yield tuple(foreign if there else own[kind] for kind, there in zip(route.kinds, places, strict=True))


def like(name: str) -> str:
    """A name that nobody has, of the same make."""
    return NOBODYS[not name.isdigit()] if name.isdigit() or "-" in name else "nobody"


async def ask(they: Neighbours, role: Role, route: Route, names: tuple[str, ...]) -> tuple[object, ...]:
    """What one of ours is told."""
    answer = await they.ours.clients[role].request(route.method, filled(route, names), json=route.body())
    return shown(answer)


async def test_every_route_is_in_the_document(home: Household) -> None:
    """The document is what these tests are generated from, so nothing but pages is missing in it."""
    listed = {route.path for route in await routes(home)}
    served = {route.path_format for route in _framework().routes}
    assert listed - served == set()
    assert served - listed == PAGES, "a page: if it shows no household, add it in tests/tenancy/routes.py to PAGES"


async def test_ids_of_another_household(they: Neighbours) -> None:
    """Each of theirs is answered, for an owner, as one that nobody has; and nothing of theirs changes."""
    before, wanted = await kept(they.home.store, they.theirs.tenant_id), await needles(they)
    asked = [route for route in await handlers(they.home) if route.parameters]
    assert len(asked) >= 17
    for route in asked:
        unknown: dict[tuple[str, ...], tuple[object, ...]] = {}
        for foreign in ids(before):
            for names in mixtures(route, they.ours.things, foreign):
                made_up = tuple(like(foreign) if name == foreign else name for name in names)
                if made_up not in unknown:
                    unknown[made_up] = await ask(they, Role.OWNER, route, made_up)
                    assert unknown[made_up][0] == 404, route
                assert await ask(they, Role.OWNER, route, names) == unknown[made_up], (route, names)
    assert await kept(they.home.store, they.theirs.tenant_id) == before
    await unheard(they, wanted)


async def test_ids_of_another_household_for_others(they: Neighbours) -> None:
    """The same for everybody: a role that may do less isn't told more about ids."""
    before = await kept(they.home.store, they.theirs.tenant_id)
    asked = [route for route in await handlers(they.home) if route.parameters]
    for route, role in product(asked, (Role.ADULT, Role.CHILD, Role.GUEST)):
        foreign = tuple(they.theirs.things[kind] for kind in route.kinds)
        told = await ask(they, role, route, foreign)
        assert told == await ask(they, role, route, tuple(like(name) for name in foreign)), route
        assert told[0] in {403, 404}
    assert await kept(they.home.store, they.theirs.tenant_id) == before
    await unheard(they)


async def test_ours_are_there(they: Neighbours) -> None:
    """With things of one's own each of these routes does what it is for, and so does every other: here, not there."""
    before = await kept(they.home.store, they.theirs.tenant_id)
    asked = [route for route in await handlers(they.home) if not route.anybody and (route.parameters or route.fields)]
    for number, route in enumerate(asked):
        async with another(they.home, they.ours, number, route) as (newcomer, things):
            client = they.ours.owner if route.path.startswith("/household") else newcomer
            path = filled(route, tuple(things[kind] for kind in route.kinds))
            named = {"username": f"other{number}"} if "username" in route.fields else {}
            named |= {"code": they.ours.things["user code"]} if "code" in route.fields else {}
            named |= {"screen_code": things["child code"]} if "screen_code" in route.fields else {}
            answer = await client.request(route.method, path, json=route.body(**named))
            assert answer.status_code == (400 if "setup_code" in route.fields else 200), (route, answer.text)
    assert await kept(they.home.store, they.theirs.tenant_id) == before
    await unheard(they)
