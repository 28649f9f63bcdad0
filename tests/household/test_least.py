"""What a child, and a guest, can do by any route and any page: what the table gives their role, and no more."""

from typing import Any

import pytest

from rex_auth_edge.domain.roles import PERMISSIONS, Act, Role
from rex_auth_edge.web.pages.table import PAGES, For
from tests.household.cast import Cast, Person
from tests.household.test_permissions import LOG, NO_ACT, ROUTES
from tests.hub import BASE
from tests.pages.every import ACT, spelled
from tests.pages.reading import read
from tests.tenancy.routes import filled
from tests.tenancy.rows import kept

ACTS = {handler: act for act, handlers in ROUTES.items() for handler in handlers if act is not Act.LEAVE}
"""The act of each of the household's handlers; taken from somebody else, a membership is removed and not left."""
HTML = {"accept": "text/html", "origin": BASE}


async def others(they: Cast, person: Person) -> dict[str, list[dict[str, Any]]]:
    """Everything on record but for what is the person's own, their passwords and letters to them."""
    rows = await kept(they.home.store, without=LOG | {"outbox", "sync_kept", "sync_names"})
    return {
        name: [row for row in table if person.user_id not in map(str, row.values())] for name, table in rows.items()
    }


@pytest.mark.parametrize("role", [Role.CHILD, Role.GUEST])
async def test_every_route(they: Cast, role: Role) -> None:
    """Each route of the household is open or closed by the table; no route at all changes what is others'."""
    things = await they.things()
    asked = {route.handler: route for route in they.routes if not route.anybody}
    assert len(asked) > 50
    for handler, route in asked.items():
        person = await they.join(role)
        before = await others(they, person)
        named = {"username": f"new-{person.user_id}", "screen_code": things["child code"], "code": things["user code"]}
        body = route.body(**{name: text for name, text in named.items() if name in route.fields})
        path = filled(route, tuple(things[kind] for kind in route.kinds))
        answer = await person.client.request(route.method, path, json=body)
        act = ACTS.get(handler)
        if act is not None and role not in PERMISSIONS[act].roles:
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), route
        elif route.path.startswith("/household"):
            assert handler in NO_ACT or answer.status_code == 200, (route, answer.text)
        assert await others(they, person) == before, route
        assert (await they.roles())[person.user_id] == role, route


@pytest.mark.parametrize("role", [Role.CHILD, Role.GUEST])
async def test_every_form(they: Cast, role: Role) -> None:
    """No page's form does for them what the table doesn't allow, though it was made for their own session."""
    person, things = await they.join(role), await they.things()
    async with they.home.client("192.168.1.31", **HTML) as browser:
        browser.cookies.set("access_token", person.access_token, "127.0.0.1")
        token = read(await browser.get("/sign-out")).form("/sign-out").fields["form_token"]
        before = await others(they, person)
        forms = [page for page in PAGES if page.who is For.MEMBERS and page.act is not None]
        for path in [path for page in forms for path in spelled(page)]:
            act = ACT.get(path)
            if act is None or act is Act.LEAVE:
                continue
            fields = {
                "form_token": token,
                "name": "x",
                "role": "owner",
                "screen_code": things["child code"],
                "username": "x",
            }
            answer = await browser.post(path.format(**({"awaited": things["device"]} | things)), data=fields)
            assert role not in PERMISSIONS[act].roles
            assert answer.status_code == 403, path
        assert await others(they, person) == before
