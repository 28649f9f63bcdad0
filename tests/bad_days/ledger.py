"""People who live at a hub that is killed again and again, and who remember what it has confirmed to them."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from tests.bad_days.people import Session, session_of
from tests.doubles import SeededEntropy
from tests.hub import PASSWORD

CODE = r"code is (\d{6})"
LINK = r"token=([\w-]+)"
LATE_LETTERS = 3
"""How many links in a row may be overtaken by a letter of before the kill; a fourth is a fault."""


class WrongError(AssertionError):
    """Something confirmed was lost or undone."""


def unless(good: bool, said: str, answer: httpx.Response | None = None) -> None:  # noqa: FBT001  it reads as assert does
    """Raise, with the answer that showed it."""
    if not good:
        raise WrongError(f"{said}: {answer.status_code} {answer.text}" if answer is not None else said)


@dataclass
class Letterbox:
    """An SMTP server's handler (aiosmtpd) that takes every letter, and notes in which of the hub's lives it came."""

    life: int = 0
    taken: list[tuple[int, str]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take a letter."""
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append((self.life, str(letter["Message-ID"])))
        body = letter.get_body(("plain",))
        (address,) = envelope.rcpt_tos
        async with self.came:
            self.texts.setdefault(address, []).append(body.get_content() if body else "")
            self.came.notify_all()
        return "250 2.0.0 taken"

    async def find(self, address: str, pattern: str) -> str:
        """What the newest letter to the address that has the pattern says; waits for one."""
        async with self.came:
            while True:
                for text in reversed(self.texts.get(address, [])):
                    if found := re.search(pattern, text):
                        return found.group(1)
                await self.came.wait()


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client without cookies, so that many people can share it."""
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30, limits=limits) as client:
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield client


@dataclass
class Person:
    """What was confirmed to somebody. `other` is a password that a reset may have set: its answer never came.

    Of `live` sessions each is good, of `ended` ones none; those whose last answer never came are in neither.
    """

    email: str
    letters: Letterbox
    counts: Counter[str]
    password: str = PASSWORD
    former: str | None = None
    other: str | None = None
    joined: bool = False
    live: list[Session] = field(default_factory=list)
    ended: list[Session] = field(default_factory=list)
    spent: list[tuple[Session, Session]] = field(default_factory=list)
    tries: int = 0
    long_ended: list[Session] = field(default_factory=list)

    async def live_on(self, client: httpx.AsyncClient, entropy: SeededEntropy) -> None:
        """One act after the other, until the hub is gone."""
        try:
            if not self.joined:
                await self.register(client)
            while True:
                await self._act(client, entropy.below(10))
        except httpx.TransportError:
            return

    async def _act(self, client: httpx.AsyncClient, dice: int) -> None:
        if dice <= 1:
            await self.reset(client)
        elif dice <= 3 and self.live:
            await self.logout(client)
        elif dice <= 7 and self.live:
            await self.refresh(client)
        else:
            await self.login(client)

    async def register(self, client: httpx.AsyncClient) -> None:
        """Initiate, and verify with the code that came by mail."""
        begun = await client.post("/auth/register/initiate", json={"email": self.email, "password": PASSWORD})
        unless(begun.status_code == 200, "A registration was refused", begun)
        proof = {"email": self.email, "temp_token": begun.json()["temp_token"]}
        proof["otp"] = await self.letters.find(self.email, CODE)
        self.live.append(session_of(await client.post("/auth/register/verify", json=proof)))
        self.joined = True
        self.counts["registrations"] += 1

    async def login(self, client: httpx.AsyncClient) -> None:
        """A session more."""
        answer = await client.post("/auth/login", json={"email": self.email, "password": self.password})
        unless(answer.status_code == 200, f"{self.email} couldn't sign in", answer)
        self.live.append(session_of(answer))
        self.counts["logins"] += 1

    async def refresh(self, client: httpx.AsyncClient) -> None:
        """The oldest session's next tokens."""
        session = self.live.pop(0)
        answer = await client.post("/auth/token/refresh", json={"refresh_token": session.refresh_token})
        unless(answer.status_code == 200, f"{self.email} lost a session", answer)
        following = session_of(answer)
        self.live.append(following)
        self.spent.append((session, following))
        self.counts["rotations"] += 1

    async def logout(self, client: httpx.AsyncClient) -> None:
        """One session less."""
        session = self.live.pop(0)
        answer = await client.post("/auth/logout", headers=session.bearer)
        unless(answer.status_code == 200, f"{self.email} couldn't sign out", answer)
        self.ended.append(session)
        self.counts["revocations"] += 1

    async def reset(self, client: httpx.AsyncClient) -> None:
        """A new password, by the link that comes by mail; it ends every session."""
        self.tries += 1
        self.other = f"Otter-Lake-{self.tries}!x"
        answer = await self._reset_by_letter(client, self.other)
        for _ in range(LATE_LETTERS):
            if answer.status_code == 200:
                break
            answer = await self._reset_by_letter(client, self.other)
        unless(answer.status_code == 200, "A reset failed", answer)
        self._has_reset()
        self.counts["resets"] += 1

    async def _reset_by_letter(self, client: httpx.AsyncClient, password: str) -> httpx.Response:
        """Ask for a link and follow the newest that came: an older letter may come late, or twice after a kill."""
        self.letters.texts.pop(self.email, None)
        asked = await client.post("/auth/password/forgot", json={"email": self.email})
        unless(asked.status_code == 200, "A reset was refused", asked)
        token = await self.letters.find(self.email, LINK)
        return await client.post("/auth/password/reset", json={"reset_token": token, "new_password": password})

    def _has_reset(self) -> None:
        self.former, self.password, self.other = self.password, self.other or "", None
        self.ended += self.live
        self.live = []

    async def look(self, client: httpx.AsyncClient) -> None:
        """After the hub's death: everything that it has confirmed holds. Raises WrongError."""
        if not self.joined:
            return
        await self._passwords(client)
        for session in self.ended:
            answer = await client.get("/auth/token/validate", headers=session.bearer)
            unless(answer.status_code == 401, f"{self.email}: an ended session's access token is good", answer)
            answer = await client.post("/auth/token/refresh", json={"refresh_token": session.refresh_token})
            unless(answer.status_code == 401, f"{self.email}: an ended session was refreshed", answer)
        for session in self.live:
            answer = await client.get("/auth/token/validate", headers=session.bearer)
            unless(answer.status_code == 200, f"{self.email}: a session was lost", answer)
        for _ in range(len(self.live)):
            await self.refresh(client)  # with the newest token: had its rotation been lost, it would end the session
        self.counts["checked"] += len(self.ended) + len(self.live)
        await self._replay(client)
        self.long_ended += self.ended
        self.ended.clear()

    async def look_back(self, client: httpx.AsyncClient) -> None:
        """At last: every session that ever ended is still over."""
        for session in self.long_ended:
            answer = await client.get("/auth/token/validate", headers=session.bearer)
            unless(answer.status_code == 401, f"{self.email}: an old session is good again", answer)
        self.counts["looked_back"] += len(self.long_ended)

    async def _passwords(self, client: httpx.AsyncClient) -> None:
        """The confirmed password is right, the one before isn't; of an unconfirmed reset, all or nothing happened."""
        if self.other is not None:
            answer = await client.post("/auth/login", json={"email": self.email, "password": self.other})
            if answer.status_code == 200:
                self._has_reset()
            self.other = None
        elif self.former is not None:
            answer = await client.post("/auth/login", json={"email": self.email, "password": self.former})
            unless(answer.status_code == 401, f"{self.email}: a reset was undone", answer)
        self.former = None
        await self.login(client)

    async def _replay(self, client: httpx.AsyncClient) -> None:
        """A token that was spent two rotations ago is still known as spent: it ends its session."""
        after = {id(before): following for before, following in self.spent}
        for first, second in self.spent:
            third = after.get(id(second))
            if third is not None and third in self.live:
                answer = await client.post("/auth/token/refresh", json={"refresh_token": first.refresh_token})
                unless(answer.status_code == 401, f"{self.email}: a rotation was undone", answer)
                answer = await client.get("/auth/token/validate", headers=third.bearer)
                unless(answer.status_code == 401, f"{self.email}: a replay was forgiven", answer)
                self.live.remove(third)
                self.counts["replays"] += 1
                break
        self.spent.clear()
