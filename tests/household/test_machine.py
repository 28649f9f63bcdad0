"""Whatever the household's people do to each other, in any order: the model beside it agrees after every step."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rex_auth_edge.domain.roles import Act, Registration, Role
from rex_auth_edge.flows.household import house
from rex_auth_edge.storage import chains, tenants, users
from rex_auth_edge.storage.store import Store
from tests.doubles import HandClock
from tests.examples import examples
from tests.household.model import Known, Model
from tests.hub import PASSWORD, Household, household
from tests.tenancy.rows import bare

T = TypeVar("T")

LOG = frozenset({"audit", "audit_heads"})
bounded = settings(
    max_examples=examples(10), stateful_step_count=30, derandomize=True, database=None, deadline=None,
    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
anybody = st.integers(0, 11)
others = anybody | st.none()
roles = st.sampled_from(Role)
_numbers = count()


@pytest.fixture
async def home(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> AsyncIterator[Household]:
    """A hub without rates; every example is a household of its own."""
    made = await household(sqlite_store, clock, tmp_path / "data", RATE_LIMIT_ENABLED="false")
    yield made
    await made.hub.close()


class Life(RuleBasedStateMachine):
    """One household from its making on; bound to a hub and its loop by the test."""

    home: Household
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await on the hub's own loop, from hypothesis's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @initialize(people=st.integers(0, 3), owned=st.booleans())
    def begin(self, people: int, owned: bool) -> None:  # noqa: FBT001 - drawn, not passed
        """A household with an open door, whom somebody owns or nobody, and its setup code."""
        self.model, self.client = Model(), self.home.client()
        self.slug = f"house{next(_numbers)}"
        made = self.run(house.create(self.home.hub.parts, "Lindenhof", self.slug))
        assert isinstance(made, UUID)
        self.tenant_id, self.setup_code = made, self.home.hub.parts.setup.shown()[made]
        self.run(self.home.store.write(lambda tx: tenants.change(tx, made, registration=Registration.OPEN)))
        for _ in range(people):
            self.come_by_the_open_door()
        if owned:
            self.come_with_the_setup_code()
            self.add_by(self.model.people[-1], Role.OWNER)

    def ask(self, method: str, path: str, actor: Known | None, body: dict[str, Any] | None = None) -> httpx.Response:
        """A request of somebody's; without cookies."""
        headers = {} if actor is None else {"authorization": f"Bearer {actor.tokens['access_token']}"}
        answer = self.run(self.client.request(method, path, json=body, headers=headers))
        self.client.cookies.clear()
        return answer

    def act(self, expected: int, method: str, path: str, actor: Known, body: dict[str, Any] | None = None) -> Any:
        """A request that has to end as the model says, and to change nothing where it is refused."""
        before = None if expected == 200 else self.run(bare(self.home.store, self.tenant_id, without=LOG))
        answer = self.ask(method, path, actor, body)
        assert answer.status_code == expected, (method, path, actor, answer.text)
        if before is not None:
            assert self.run(bare(self.home.store, self.tenant_id, without=LOG)) == before
        return answer.json()

    def pair(self, who: int, whom: int | None) -> tuple[Known, Known]:
        """Who does something, and to whom: None for an owner, where there is one, to themself."""
        actor = self.model.actor(3 * who if whom is None else who)
        return actor, actor if whom is None else self.model.some(whom)

    def about(self, subject: Known, tail: str = "") -> str:
        """The path of a member."""
        return f"/household/members/{subject.user_id}{tail}"

    def register(self, role: Role, **right: str) -> int:
        """Somebody new registers by right of a code; 200, or why they couldn't."""
        name = f"p{next(_numbers)}"
        email = f"{name}@example.com"
        body = {"email": email, "username": name, "password": PASSWORD, "tenant": self.slug} | right
        begun = self.ask("POST", "/auth/register/initiate", None, body)
        if begun.status_code != 200:
            return begun.status_code
        otp = right.get("setup_code") or self.run(self.home.code(email))
        proof = {"email": email, "otp": otp, "temp_token": begun.json()["temp_token"]}
        joined = self.ask("POST", "/auth/register/verify", None, proof)
        assert joined.status_code == 200, joined.text
        self.model.people.append(Known(name, joined.json()["user_id"], role, joined.json()))
        return 200

    @rule()
    def come_with_the_setup_code(self) -> None:
        """It makes an owner where nobody owns the household, and nothing else ever."""
        expected = 403 if self.model.claimed else 200
        assert self.register(Role.OWNER, setup_code=self.setup_code) == expected
        self.model.claimed = True

    @rule()
    def come_by_the_open_door(self) -> None:
        """It makes an adult."""
        assert self.register(Role.ADULT) == 200

    @precondition(lambda self: self.model.people)
    @rule(who=anybody)
    def claim(self, who: int) -> None:
        """A member becomes the owner where nobody is, and only there."""
        actor = self.model.actor(who)
        expected = 401 if not actor.live else 403 if self.model.claimed else 200
        self.act(expected, "POST", "/household/claim", actor, {"setup_code": self.setup_code})
        if expected == 200:
            actor.role, self.model.claimed = Role.OWNER, True

    @precondition(lambda self: self.model.people)
    @rule(who=anybody, role=roles)
    def add(self, who: int, role: Role) -> None:
        """A member without mail, who signs in."""
        self.add_by(self.model.actor(who), role)

    def add_by(self, actor: Known, role: Role) -> None:
        """Likewise."""
        name = f"p{next(_numbers)}"
        expected = self.model.refusal(Act.ADD, actor)
        body = {"username": name, "password": PASSWORD, "role": role}
        added = self.act(expected, "POST", "/household/members", actor, body)
        if expected == 200:
            self.model.people.append(Known(name, added["user_id"], role, {}, live=False))
            self.sign_in(len(self.model.people) - 1)

    @precondition(lambda self: self.model.people)
    @rule(who=anybody, role=roles)
    def invite(self, who: int, role: Role) -> None:
        """A code for somebody of that role."""
        actor = self.model.actor(who)
        expected = self.model.refusal(Act.INVITE, actor)
        invited = self.act(expected, "POST", "/household/invites", actor, {"role": role})
        if expected == 200:
            self.model.invites[invited["code"]] = role

    @precondition(lambda self: self.model.invites)
    @rule(which=anybody)
    def join(self, which: int) -> None:
        """An invitation is good once."""
        code = sorted(self.model.invites)[which % len(self.model.invites)]
        assert self.register(self.model.invites.pop(code), invite=code) == 200
        assert self.register(Role.GUEST, invite=code) == 403

    @precondition(lambda self: self.model.people)
    @rule(whom=anybody)
    def sign_in(self, whom: int) -> None:
        """With the right password, unless disabled or no longer there."""
        person = self.model.some(whom)
        if person.misses == 3:
            return  # the next refusal would bring a ban, which is another test's matter
        answer = self.ask("POST", "/auth/login", None, {
            "username": person.name, "password": PASSWORD, "tenant": self.slug,
        })  # fmt: skip
        assert answer.status_code == (401 if person.disabled or person.removed else 200), answer.text
        person.misses = person.misses + 1 if answer.status_code == 401 else 0
        if answer.status_code == 200:
            person.tokens, person.live = answer.json(), True

    @precondition(lambda self: self.model.people)
    @rule(who=anybody, whom=others, role=roles)
    def set_role(self, who: int, whom: int | None, role: Role) -> None:
        """A lower role ends sessions, and the last owner keeps theirs."""
        actor, subject = self.pair(who, whom)
        asks = self.model.refusal if role is Role.OWNER else self.model.ends_reign
        expected = asks(Act.SET_ROLE, actor, subject)
        self.act(expected, "PATCH", self.about(subject), actor, {"role": role})
        if expected == 200:
            if role.below(subject.role):
                subject.ended()
            subject.role = role

    @precondition(lambda self: self.model.people)
    @rule(who=anybody, whom=others)
    def disable(self, who: int, whom: int | None) -> None:
        """Over at once."""
        actor, subject = self.pair(who, whom)
        expected = self.model.ends_reign(Act.DISABLE, actor, subject)
        self.act(expected, "POST", self.about(subject, "/disable"), actor)
        if expected == 200:
            subject.disabled = True
            subject.ended()

    @precondition(lambda self: self.model.people)
    @rule(who=anybody, whom=anybody, act=st.sampled_from([Act.ENABLE, Act.PARDON]))
    def enable_or_pardon(self, who: int, whom: int, act: Act) -> None:
        """Neither brings a session back."""
        actor, subject = self.model.actor(who), self.model.some(whom)
        expected = self.model.refusal(act, actor, subject)
        self.act(expected, "POST", self.about(subject, "/enable" if act is Act.ENABLE else "/lift-ban"), actor)
        if expected == 200:
            subject.disabled = subject.disabled and act is not Act.ENABLE
            subject.misses = subject.misses if act is Act.ENABLE else 0

    @precondition(lambda self: self.model.people)
    @rule(who=anybody, whom=anybody)
    def reset(self, who: int, whom: int) -> None:
        """Sessions end; never an owner's."""
        actor, subject = self.model.actor(who), self.model.some(whom)
        expected = self.model.refusal(Act.RESET, actor, subject)
        if expected == 200 and subject.disabled:
            expected = 404
        elif expected == 200 and subject.role is Role.OWNER:
            expected = 403
        self.act(expected, "POST", self.about(subject, "/reset"), actor)
        if expected == 200:
            subject.ended()

    @precondition(lambda self: self.model.people)
    @rule(who=anybody, whom=others)
    def remove(self, who: int, whom: int | None) -> None:
        """By an owner, or by oneself."""
        actor, subject = self.pair(who, whom)
        expected = self.model.ends_reign(Act.LEAVE if subject is actor else Act.REMOVE, actor, subject)
        self.act(expected, "DELETE", self.about(subject), actor)
        if expected == 200:
            subject.removed = True
            subject.ended()

    @invariant()
    def somebody_owns_it(self) -> None:
        """A claimed household has an owner who can sign in; an unclaimed one has nobody."""
        found = self.run(self.home.store.read(lambda conn: users.owners(conn, self.tenant_id)))
        assert {str(each) for each in found} == {each.user_id for each in self.model.owners()}
        assert bool(found) is self.model.claimed

    @invariant()
    def everybody_is_who_they_are(self) -> None:
        """An owner who is signed in is shown the model's people, roles and states."""
        there = {each.user_id: each for each in self.model.people if not each.removed}
        owner = next((each for each in self.model.owners() if each.live), None)
        if owner is None:
            return
        for each in self.ask("GET", "/household/members", owner).json()["members"]:
            person = there.pop(each["user_id"])
            assert (each["role"], each["status"] == "disabled") == (person.role, person.disabled)
        assert there == {}

    @invariant()
    def tokens_are_good_or_not(self) -> None:
        """Those that are to be good are, and of the others neither token is."""
        for each in self.model.people:
            assert not each.live or self.ask("GET", "/auth/token/validate", each).status_code == 200, each
            for tokens in each.dead:
                headers = {"authorization": f"Bearer {tokens['access_token']}"}
                assert self.run(self.client.get("/auth/token/validate", headers=headers)).status_code == 401, each
                body = {"refresh_token": tokens["refresh_token"]}
                assert self.ask("POST", "/auth/token/refresh", None, body).status_code == 401, each

    @invariant()
    def the_log_follows(self) -> None:
        """No row of the audit log is missing or changed."""

        def broken(conn: sa.Connection) -> list[int | None]:
            every = chains.every(conn, self.tenant_id)
            pages = [(each, chains.rows(conn, each, 0, 100_000)) for each in every]
            return [chains.follow(each, chains.Place(), page, done=True).broken for each, page in pages]

        assert self.run(self.home.store.read(broken)) == [None]

    def teardown(self) -> None:
        """The client goes."""
        self.run(self.client.aclose())


async def test_a_households_life(home: Household) -> None:
    """Random acts of random people, refused or done."""
    bound: type[Life] = type("Bound", (Life,), {"home": home, "loop": asyncio.get_running_loop()})
    await asyncio.to_thread(run_state_machine_as_test, bound, settings=bounded)
