"""Who may do what, over HTTP: every act by every role, generated from the one table of permissions and the routes."""

from collections.abc import Awaitable, Callable
from itertools import product
from typing import Any

import httpx
import pytest

from rex_auth_edge.domain.clock import MINUTE
from rex_auth_edge.domain.register import Register
from rex_auth_edge.domain.roles import PERMISSIONS, Act, Role
from tests.household.cast import Cast, Person
from tests.tenancy.routes import Route, filled
from tests.tenancy.rows import bare

LOG = frozenset({"audit", "audit_heads", "sync_audited", "sync_cells", "sync_entries", "sync_enrolments"})
"""The record, and what other nodes are told of it."""
ROUTES: dict[Act, tuple[str, ...]] = {
    Act.READ: ("house_read",),
    Act.RENAME: ("house_rename",),
    Act.MEMBERS: ("members_list", "members_read"),
    Act.LEAVE: ("members_remove",),
    Act.ACTIVITY: ("membersactivity_list", "membersactivity_history"),
    Act.SIGN_OUT: ("membersactivity_end", "membersactivity_end_all"),
    Act.ADD: ("members_add",),
    Act.SET_ROLE: ("members_change",),
    Act.DISABLE: ("members_disable",),
    Act.ENABLE: ("members_enable",),
    Act.PARDON: ("members_pardon",),
    Act.RESET: ("members_reset",),
    Act.REMOVE: ("members_remove",),
    Act.INVITES: ("invites_list",),
    Act.INVITE: ("invites_create",),
    Act.UNINVITE: ("invites_revoke",),
    Act.CODES: ("invites_codes",),
    Act.HAND_OVER: ("invites_hand_over",),
    Act.POLICY: ("house_policy",),
    Act.SET_POLICY: ("house_change_policy",),
    Act.AUDIT: ("house_audit",),
    Act.DEVICES: ("devices_list",),
    Act.ADD_DEVICE: ("devices_add", "asks_approve"),
    Act.OPEN_WINDOW: ("pairingwindow_open",),
    Act.ASKS: ("pairingwindow_read", "pairingwindow_close", "asks_list", "asks_look", "asks_deny"),
    Act.CHANGE_DEVICE: ("devices_change", "devices_resume"),
    Act.END_DEVICE: ("devices_suspend", "devices_remove"),
    Act.RECOVERY: ("recoveries_read",),
    Act.VETO: ("recoveries_veto",),
    Act.CHILDREN: ("children_list",),
    Act.APPROVE_CHILD: ("children_approve",),
    Act.REFUSE_CHILD: ("children_refuse",),
    Act.PASSES: ("passes_list",),
    Act.MAKE_PASS: ("passes_create",),
    Act.END_PASS: ("passes_revoke",),
    Act.SYNC: ("syncing_read", "syncing_list", "syncing_clear"),
    Act.REVIEW: ("syncing_confirm", "syncing_dismiss"),
}
"""Each act with the handlers that do it; a new act, or a new route under /household, has to be added."""

IN_THE_CLOUD = {Act.HUBS, Act.ADD_HUB, Act.REMOVE_HUB}
"""Acts that a hub has no routes for."""

NO_ACT = {"house_claim"}
"""Done by right of something else than a role: the setup code."""


def handlers(they: Cast) -> dict[str, Route]:
    """The household's routes by their handlers' names."""
    return {route.handler: route for route in they.routes if route.path.startswith("/household")}


async def asking(they: Cast, act: Act, handler: str, person: Person) -> Callable[[], Awaitable[httpx.Response]]:
    """What the person has to send to do this, to somebody and something new each time."""
    route = handlers(they)[handler]
    things = await they.things(route)
    if act is Act.LEAVE:
        things["member"] = person.user_id
    named = {"username": f"new-{things['member']}", "registration": "open"}
    named |= {"screen_code": things.get("child code", ""), "code": things.get("user code", "")}
    body = route.body(**{name: text for name, text in named.items() if name in route.fields})
    path = filled(route, tuple(things[kind] for kind in route.kinds))
    return lambda: person.client.request(route.method, path, json=body)


async def test_every_act_has_its_routes(they: Cast) -> None:
    """And every route of a household belongs to an act, so that none is left out below."""
    assert set(ROUTES) | IN_THE_CLOUD == set(Act) == set(PERMISSIONS), "add the new act to ROUTES, in tests/household"
    named = {handler for group in ROUTES.values() for handler in group}
    found = set(handlers(they))
    assert found - named == NO_ACT, "add the new route's handler to ROUTES, with the act that it is"
    assert named <= found


@pytest.mark.parametrize("act", list(ROUTES))
async def test_who_may(they: Cast, act: Act) -> None:
    """Who may does it; who may not is refused without cost, nothing changes, and an attempt at it is on record."""
    for handler, role in product(ROUTES[act], Role):
        person = await they.join(role)
        ask = await asking(they, act, handler, person)
        before, hashed = await bare(they.home.store, without=LOG), they.home.hub.parts.passwords.started
        answer = await ask()
        if role in PERMISSIONS[act].roles:
            assert answer.status_code == 200, answer.text
            continue
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), handler
        assert they.home.hub.parts.passwords.started == hashed
        assert await bare(they.home.store, without=LOG) == before
        await on_record(they, act, person, answer)


async def on_record(they: Cast, act: Act, person: Person, answer: httpx.Response) -> None:
    """The refusal is the audit log's newest entry, unless it was one to read."""
    last = (await they.log())[0]
    found = (last["event"], last["outcome"], last["actor_id"])
    assert (found == (act, answer.json()["code"], person.user_id)) is (answer.request.method != "GET")


@pytest.mark.parametrize("act", list(ROUTES))
async def test_fresh_sign_in(they: Cast, act: Act) -> None:
    """10 minutes after the sign-in, refreshed or not, what is marked so asks for the password; then it is done."""
    for handler in ROUTES[act]:
        person = await they.join(Role.OWNER)
        they.home.clock.advance(9 * MINUTE)
        await person.refresh()
        they.home.clock.advance(MINUTE)
        await they.renew()
        ask = await asking(they, act, handler, person)
        before = await bare(they.home.store, without=LOG)
        answer = await ask()
        if not PERMISSIONS[act].fresh:
            assert answer.status_code == 200, answer.text
            continue
        assert (answer.status_code, answer.json()["code"]) == (403, "fresh_sign_in_required"), handler
        assert await bare(they.home.store, without=LOG) == before
        await on_record(they, act, person, answer)
        await person.reauthenticate()
        assert (await ask()).status_code == 200


@pytest.mark.parametrize("how", ["disabled", "removed", "demoted"])
async def test_tokens_of_who_may_no_more(they: Cast, how: str) -> None:
    """The access token of somebody disabled, removed or demoted is refused at once, by every route; so is the other."""
    person = await they.join(Role.OWNER)
    await they.end(person, how)
    things = await they.things()
    before = await bare(they.home.store)
    asked = [route for route in they.routes if not route.anybody]
    assert len(asked) > 60
    for route in asked:
        path = filled(route, tuple(things[kind] for kind in route.kinds))
        answer = await person.client.request(route.method, path, json=full(route))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), route
    del person.client.headers["authorization"]
    answer = await person.client.post("/auth/token/refresh", json={"refresh_token": person.refresh_token})
    assert answer.status_code == 401
    assert await bare(they.home.store) == before


def full(route: Route) -> dict[str, str] | None:
    """A body for the route with something in every field."""
    names = [name for name in ("username", "setup_code", "email", "tenant", "invite", "code") if name in route.fields]
    return route.body(**dict.fromkeys(names, "somebody"))


@pytest.mark.parametrize("act", list(ROUTES))
async def test_a_demotion_that_a_request_overtakes(they: Cast, monkeypatch: pytest.MonkeyPatch, act: Act) -> None:
    """A request that had shown its token before is decided by the role that its person has by then."""
    for handler in ROUTES[act]:
        person, gone = await they.join(Role.OWNER), await they.join(Role.OWNER)
        asks = [await asking(they, act, handler, each) for each in (person, gone)]
        await they.end(person, "demoted")
        await they.end(gone, "disabled")
        before = await bare(they.home.store, without=LOG)
        with monkeypatch.context() as patch:
            patch.setattr(Register, "revoked", lambda *_: False)
            late = await asks[1]()
            assert (late.status_code, late.json()["code"]) == (401, "invalid_token"), handler
            assert await bare(they.home.store, without=LOG) == before
            answer = await asks[0]()
        if Role.ADULT in PERMISSIONS[act].roles:
            assert answer.status_code == 200, answer.text
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), handler
            assert await bare(they.home.store, without=LOG) == before


async def test_cookies_without_a_csrf_token(they: Cast) -> None:
    """Every route that changes something refuses what a browser sends by itself, whoever is signed in there."""
    person, things = await they.join(Role.OWNER), await they.things()
    other = await they.join(Role.OWNER)
    before = await bare(they.home.store)
    async with they.home.client() as browser:
        browser.cookies.set("access_token", person.access_token)
        for route in they.routes:
            if route.anybody or route.method == "GET":
                continue
            path = filled(route, tuple(things[kind] for kind in route.kinds))
            for shown in ("", "00", await other.csrf_token()):
                headers = {"x-csrf-token": shown} if shown else {}
                answer: Any = await browser.request(route.method, path, json=full(route), headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed"), route
    assert await bare(they.home.store) == before
