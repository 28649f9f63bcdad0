"""A household with an owner and an adult, each at their own device."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.hub import Household

MAYA = "maya@example.com"
NOAH = "noah@example.com"


@dataclass
class Family:
    """Maya owns the household; Noah joined it as an adult."""

    home: Household
    maya: httpx.AsyncClient
    noah: httpx.AsyncClient
    maya_id: str
    noah_id: str

    async def member(self, user_id: str) -> dict[str, Any]:
        """A member as Maya sees them."""
        answer = await self.maya.get(f"/household/members/{user_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def audited(self, event: str) -> list[dict[str, Any]]:
        """The audit log's entries of this event, newest first, as Maya reads them."""
        rows = (await self.maya.get("/household/audit")).json()["events"]
        return [row for row in rows if row["event"] == event]


@asynccontextmanager
async def family(home: Household) -> AsyncIterator[Family]:
    """Both signed in by Bearer token, as the mobile app is."""
    async with home.client() as maya, home.client("192.168.1.21") as noah:
        first = await home.own(maya, MAYA, "maya")
        second = await home.join(noah, NOAH, "noah")
        for client, tokens in ((maya, first), (noah, second)):
            client.headers["authorization"] = f"Bearer {tokens['access_token']}"
        yield Family(home, maya, noah, first["user_id"], second["user_id"])
