"""What names things of another household in bodies and queries: it acts there, or it is like something made up.

It acts there where it is that household's own secret, or the way in that it has for everybody; in the caller's
household it never does anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import sqlalchemy as sa

from rex_auth_edge.domain.roles import Role
from rex_auth_edge.storage.device_tables import device_asks
from rex_auth_edge.storage.guest_tables import child_requests
from rex_auth_edge.storage.tables import login_attempts
from rex_auth_edge.storage.tx import Tx
from tests.tenancy.answers import shown
from tests.tenancy.neighbours import Neighbours
from tests.tenancy.routes import NAMING, Route, filled, handlers
from tests.tenancy.rows import bare

MADE_UP = {
    "tenant id": "01a208a2-7a56-720b-929a-ad8b101c10f0",
    "slug": "nowhere",
    "invitation code": "0000-0000-0000",
    "bound invitation code": "0000-0000-0000",
    "spent invitation code": "0000-0000-0000",
    "revoked invitation code": "0000-0000-0000",
    "spent setup code": "0000-0000",
    "temp token": "A" * 112,
    "refresh token": "A" * 112,
    "reset token": "A" * 112,
    "device": "01a208a2-7a56-720b-929a-ad8b101c10f0",
    "device secret": "A" * 112,
    "device code": "0000-0000-0000",
    "spent device code": "0000-0000-0000",
    "ask's own code": "A" * 112,
    "user code": "BBBB-BBBB",
    "spoken words": "zebra zebra zebra zebra",
    "device token": "a.b.c",
    "pass token": "a.b.c",
    "pass secret": "A" * 112,
    "child token": "A" * 112,
    "device refresh token": "A" * 112,
    "confirmation code": "A" * 112,
    "address": "vera@example.com",
    "waiting address": "vera@example.com",
    "username": "nobody-there",
}
ACTS_THERE = {
    *(("registration_initiate", "tenant"), ("registration_initiate", "invite"), ("registration_initiate", "together")),
    *(("registration_verify", "together"), ("registration_resend", "together")),
    *(("signin_login", "tenant"), ("signin_login", "email"), ("signin_login", "together")),
    *(
        ("signin_login", "username"),
        ("signin_login", "refresh_token"),
    ),  # without `tenant` it is the default one's
    ("signin_refresh", "refresh_token"),
    *(("passwords_forgot", "email"), ("passwords_forgot", "together")),
    ("passwords_forgot", "tenant"),
    ("guestpass_show", "secret"),
    *((f"presence_{act}", name) for act in ("start", "finish") for name in ("tenant", "together")),
    *(("childasks_ask", "tenant"), ("childasks_ask", "together"), ("childasks_look", "request_token")),
    *(("childasks_ask", "username"), ("presence_finish", "username")),  # without `tenant` it is the default one's
    *((handler, name) for handler in ("look", "look_posted", "reset") for name in ("token", "reset_token", "together")),
}
"""Handlers (those of passwords by their last word) and the field by which another household is meant, rightly."""


@dataclass(frozen=True)
class Case:
    """One request twice: with what is theirs, and with what is made up in its place; `role` is the caller's."""

    route: Route
    means: str
    foreign: dict[str, str]
    made_up: dict[str, str]
    role: Role | None

    @property
    def acts_there(self) -> bool:
        """Whether it is meant for the other household."""
        short = self.route.handler.removeprefix("passwords_")
        return bool({(self.route.handler, self.means), (short, self.means)} & ACTS_THERE)


def foreign(they: Neighbours, key: str) -> str:
    """What the other household has of a kind."""
    known = they.theirs
    own = {
        "tenant id": str(known.tenant_id),
        "slug": known.slug,
        "refresh token": known.tokens[Role.CHILD]["refresh_token"],
        "address": known.address("henrik"),
        "username": f"ingrid-{known.slug}",
    }
    return own.get(key) or known.things[key]


def cases(they: Neighbours, route: Route) -> Iterator[Case]:
    """Each naming field by itself, among things of one's own, and all together: by strangers, or by an owner."""
    route.known()
    naming = [name for name in (*route.fields, *route.query) if name in NAMING]
    for role in (None,) if they.ours.slug == "home" else (Role.OWNER,):
        new = {"email": "nele@example.com"} if "email" in naming else {}
        own = {"tenant": they.ours.slug, "invite": they.ours.things["invitation code"]}
        at_home = new | {name: value for name, value in own.items() if name in naming}
        for name in naming:
            for key in NAMING[name]:
                theirs, nobodys = {name: foreign(they, key)}, {name: MADE_UP[key]}
                yield Case(route, name, new | theirs, new | nobodys, role)
                if name != "tenant" and "tenant" in naming:
                    yield Case(route, f"{name} at home", at_home | theirs, at_home | nobodys, role)
        if len(naming) > 1:
            for last in (0, -1):
                keys = {name: NAMING[name][last] for name in naming}
                theirs = {name: foreign(they, key) for name, key in keys.items()}
                yield Case(route, "together", theirs, {name: MADE_UP[key] for name, key in keys.items()}, role)


async def ask(they: Neighbours, case: Case, named: dict[str, str]) -> tuple[object, ...]:
    """What the caller is told, without what they said themself."""
    route, tokens = case.route, they.ours.tokens
    path = filled(route, tuple(they.ours.things[kind] for kind in route.kinds))
    headers = {} if case.role is None else {"authorization": f"Bearer {tokens[case.role]['access_token']}"}
    async with they.home.client(f"{they.ours.subnet}.80", **headers) as client:
        client.cookies.set("rex_device", they.ours.things["device of the guest"])
        query = {name: value for name, value in named.items() if name in route.query}
        body = route.body(**{name: value for name, value in named.items() if name in route.fields})
        answer = await client.request(route.method, path, params=query, json=body)
    for value in named.values():
        answer = httpx.Response(
            answer.status_code,
            headers={name: text for name, text in answer.headers.items() if name != "content-length"},
            text=answer.text.replace(value, "..."),
        )
    return shown(answer)


def forgive(tx: Tx) -> None:
    """Forget failed sign-ins and their like, which would tell how often something was asked and not what it was."""
    tx.conn.execute(sa.delete(login_attempts))
    tx.conn.execute(sa.delete(child_requests).where(child_requests.c.asked_from.like("%.80")))
    tx.conn.execute(sa.update(device_asks).values(misses=0))


async def test_what_names_things_next_door(they: Neighbours) -> None:
    """Where it isn't meant for that household, it is answered as something made up, and changes nothing there."""
    store, acted, asked = they.home.store, set(), 0
    for route in await handlers(they.home):
        for case in cases(they, route):
            await store.write(forgive)
            ours, theirs = [await bare(store, each.tenant_id) for each in (they.ours, they.theirs)]
            told = await ask(they, case, case.foreign)
            ours_now, theirs_now = [await bare(store, each.tenant_id) for each in (they.ours, they.theirs)]
            asked += 1
            if case.acts_there and ours_now == ours:
                acted |= {case.means} if theirs_now != theirs else set()
                continue
            assert theirs_now == theirs, case
            await store.write(forgive)
            assert told == await ask(they, case, case.made_up), case
    assert asked > 60
    assert acted >= {"tenant", "invite", "email", "refresh_token", "reset_token", "together"}
