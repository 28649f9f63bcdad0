"""A household's years by chance: what people do on whole programs, and what becomes of lines, disks and backups."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from rex_auth_edge.domain.clock import DAY, HOUR, MINUTE
from rex_auth_edge.exchange.cloud import durability, forgetting, restored
from rex_auth_edge.storage import tenants, users
from tests.exchange.conftest import Street
from tests.exchange.people import agree, joined, joined_beside, signed_in, validated
from tests.exchange.street import Hub, bearer, copied
from tests.exchange.visiting import session_of
from tests.hub import PASSWORD, Household
from tests.sync.simulation.chance import Chance

NAMES, ROLES = ("noah", "leo", "ida", "kim"), ("owner", "adult", "child", "guest")
LENGTHS = (MINUTE, HOUR, DAY, DAY, 40 * DAY, 95 * DAY)
CLOUD = "cloud"
OVER = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}
ACTS = {
    **dict.fromkeys(("meet", "enter"), 8),
    **dict.fromkeys(("add", "disable"), 6),
    **dict.fromkeys(("delete", "promote", "leave", "cut", "time"), 4),
    **dict.fromkeys(("end", "rename", "upkeep"), 3),
    **dict.fromkeys(("deafen", "durable", "keep", "restore"), 2),
    "invite": 1,
}
"""What may happen, and how often."""
DRAWN = [name for name, weight in ACTS.items() for _ in range(weight)]


@dataclass
class Over:
    """Somebody was deleted, or a session ended, at that node; `firm` once everybody has agreed."""

    where: str
    firm: bool = False


@dataclass
class Years:
    """One household's. Of what is restored from a backup, what nobody else had heard of may be gone."""

    street: Street
    chance: Chance
    disk: Path
    story: list[str] = field(default_factory=list)
    deleted: dict[str, Over] = field(default_factory=dict)
    ended: dict[str, Over] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    restores: int = 0
    restored: bool = False

    def hub(self, name: str) -> Hub:
        """The hub of that name, on whatever disk."""
        return next(each for each in self.street.hubs if self._name(each) == name)

    @staticmethod
    def _name(hub: Hub) -> str:
        return hub.folder.name.partition("-")[0]

    def home(self, name: str) -> Household:
        """The program of that name."""
        return self.street.cloud.home if name == CLOUD else self.hub(name).home

    @property
    def nodes(self) -> list[str]:
        """All of them."""
        return [CLOUD, *map(self._name, self.street.hubs)]

    async def step(self) -> None:
        """Something happens, somewhere; nothing that is known to be over there isn't."""
        act, name = self.chance.of(DRAWN), self.chance.of(self.nodes)
        self.story.append(f"{act} {name}")
        await getattr(self, act)(name)
        await self.check()

    async def members(self, name: str) -> dict[str, tuple[Any, ...]]:
        """What a node has of everybody, by their ids."""
        home = self.home(name)
        known = await home.store.read(tenants.every)
        rows = await home.store.read(lambda conn: users.every(conn, known[-1].id))
        return {str(row.id): (row.username, row.role, bool(row.disabled), row.email) for row in rows}

    async def check(self) -> None:
        """What a node knows to be over stays so there; what all know, everywhere."""
        for name in self.nodes:
            found = await self.members(name)
            assert not [who for who, over in self.deleted.items() if self._known(over, name) and who in found], name
            for session, over in self.ended.items():
                if self._known(over, name) and session in self.tokens:
                    assert await validated(self.home(name), self.tokens[session]) in OVER, (name, session)

    @staticmethod
    def _known(over: Over, name: str) -> bool:
        return over.firm or over.where == name

    async def settle(self) -> None:
        """All lines are good: everybody comes to the same, and nothing of it is lost from now on.

        A hub whose whole disk is an older one is as one that is there twice: Maya lets it in anew.
        """
        for hub in self.street.hubs:
            hub.line.cut, hub.line.deaf = False, 0
        for hub in (*self.street.hubs, *self.street.hubs):
            if (await hub.meet()).locked:
                await hub.enrol(self.street.cloud)
        await agree(self.street)
        first = await self.members(CLOUD)
        for name in self.nodes:
            assert await self.members(name) == first, name
        for over in (*self.deleted.values(), *self.ended.values()):
            over.firm = True
        self.restored = False
        self.kept.clear()
        await self.check()
        self.story.append("all agree")

    # ---- what people do

    async def _asks(self, name: str, method: str, path: str, **body: Any) -> int:
        said = await signed_in(self.home(name), "maya")
        if said.status_code != HTTPStatus.OK:
            return said.status_code
        async with bearer(self.home(name), said.json()) as owner:
            answer = await owner.request(method, path, json=body or None)
        self.story.append(f"  {method} {path} {body}: {answer.status_code}")
        return answer.status_code

    async def _other(self, name: str) -> str | None:
        """Somebody but Maya."""
        others = sorted(who for who, row in (await self.members(name)).items() if row[0] != "maya")
        return self.chance.of(others) if others else None

    async def _enters(self, name: str) -> tuple[str, httpx.Response]:
        """Somebody signs in, or tries."""
        username = self.chance.of(sorted((await self.members(name)).values()))[0]
        return username, await signed_in(self.home(name), username)

    async def add(self, name: str) -> None:
        """Somebody comes."""
        body = {"username": self.chance.of(NAMES), "password": PASSWORD, "role": self.chance.of(ROLES[1:])}
        await self._asks(name, "POST", "/household/members", **body)

    async def invite(self, name: str) -> None:
        """Somebody is asked to come."""
        await self._asks(name, "POST", "/household/invites", role="adult")

    async def delete(self, name: str) -> None:
        """Somebody goes."""
        who = await self._other(name)
        if who and await self._asks(name, "DELETE", f"/household/members/{who}") == HTTPStatus.OK:
            self.deleted.setdefault(who, Over(name))

    async def disable(self, name: str) -> None:
        """Somebody may not sign in, or may again."""
        if who := await self._other(name):
            await self._asks(name, "POST", f"/household/members/{who}/{self.chance.of(('disable', 'enable'))}")

    async def promote(self, name: str) -> None:
        """Somebody has another role."""
        if who := await self._other(name):
            await self._asks(name, "PATCH", f"/household/members/{who}", role=self.chance.of(ROLES))

    async def rename(self, name: str) -> None:
        """Somebody goes by another name, maybe one that somebody has elsewhere."""
        username, said = await self._enters(name)
        if username != "maya" and said.status_code == HTTPStatus.OK:
            async with bearer(self.home(name), said.json()) as client:
                await client.patch("/auth/profile", json={"username": self.chance.of(NAMES)})

    async def enter(self, name: str) -> None:
        """Somebody signs in."""
        _, said = await self._enters(name)
        if said.status_code == HTTPStatus.OK:
            self.tokens[session := session_of(said.json())] = said.json()
            self.begun[session] = name

    async def leave(self, name: str) -> None:
        """Somebody signs out where they had signed in."""
        here = sorted(session for session, where in self.begun.items() if where == name and session not in self.ended)
        if here:
            async with bearer(self.home(name), self.tokens[session := self.chance.of(here)]) as client:
                if (await client.post("/auth/logout")).status_code == HTTPStatus.OK:
                    self.ended[session] = Over(name)

    async def end(self, name: str) -> None:
        """Maya ends one of her sessions, maybe another node's."""
        said = await signed_in(self.home(name), "maya")
        if said.status_code != HTTPStatus.OK:
            return
        async with bearer(self.home(name), said.json()) as client:
            listed = (await client.get("/auth/sessions")).json()["sessions"]
            session = self.chance.of(sorted(each["session_id"] for each in listed))
            if (await client.delete(f"/auth/sessions/{session}")).status_code == HTTPStatus.OK:
                self.ended[session] = Over(name)

    # ---- what befalls them

    async def meet(self, name: str) -> None:
        """A hub has a round."""
        if name != CLOUD:
            await self.hub(name).meet()

    async def cut(self, name: str) -> None:
        """A hub's line is cut, or mended."""
        if name != CLOUD:
            self.hub(name).line.cut ^= True

    async def deafen(self, name: str) -> None:
        """The answers to some of a hub's next requests are lost."""
        if name != CLOUD:
            self.hub(name).line.heard, self.hub(name).line.deaf = self.chance.below(3), 1 + self.chance.below(2)

    async def time(self, _: str) -> None:
        """It passes."""
        self.street.clock.advance(self.chance.of(LENGTHS))

    async def durable(self, _: str) -> None:
        """The cloud has been backed up, for good."""
        parts = self.street.cloud.home.hub.parts
        await durability.durable(parts, await durability.mark(parts))

    async def upkeep(self, _: str) -> None:
        """Everybody forgets what has been over for long."""
        self.street.clock.advance(HOUR)
        await forgetting.forget_in_turn(self.street.cloud.home.hub.parts)
        for name in self.nodes:
            await self.home(name).keep_up()

    async def keep(self, name: str) -> None:
        """A copy is made of a disk."""
        await asyncio.to_thread(copied, self._disk_of(name), self.street.folder / f"kept-{name}")
        self.kept.add(name)

    def _disk_of(self, name: str) -> Path:
        return self.disk if name == CLOUD else self.hub(name).folder

    async def restore(self, name: str) -> None:
        """One node goes on from such a copy; no other does before all agree, or both might have lost the same."""
        if name not in self.kept or self.restored:
            return
        self.restored, self.restores = True, self.restores + 1
        self.deleted = {who: over for who, over in self.deleted.items() if over.firm}
        self.ended = {session: over for session, over in self.ended.items() if over.firm}
        target = self.street.folder / f"{name}-{self.restores}"
        await asyncio.to_thread(copied, self.street.folder / f"kept-{name}", target)
        if name == CLOUD:
            self.disk = target
            await self.street.back(target)
            await restored.begin_epochs(self.street.cloud.home.hub.parts)
        else:
            await self._put_back(self.hub(name), target)

    async def _put_back(self, former: Hub, target: Path) -> None:
        """Only the database, or the whole disk with the copy that lies beside it."""
        await former.sync.runs.end()
        if not self.chance.one_in(3):
            await asyncio.to_thread(copied, former.folder / "data", target / "data")
        self.street.hubs.remove(former)
        made = await self.street.hub(target.name, 50 + self.restores)
        made.line.cut = former.line.cut


async def began(street: Street, seed: int) -> Years:
    """Two hubs and a cloud, at rest."""
    await joined(street)
    await joined_beside(street)
    await agree(street)
    return Years(street, Chance(seed), street.folder / "cloud")
