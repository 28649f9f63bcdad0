"""Redis or Valkey: what the processes of one deployment have in common beside the database."""

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

TROUBLE = (RedisError, OSError, TimeoutError)
"""What a client raises where the server can't be used."""
_PATIENCE = 2.0
"""Seconds for a connection, and for an answer."""


class Shared:
    """`name` tells deployments apart that use one server."""

    def __init__(self, uri: str, name: str) -> None:
        # Valkey is spoken to in Redis's protocol.
        uri = "redis" + uri.removeprefix("valkey") if uri.startswith("valkey") else uri
        self.redis: Redis = Redis.from_url(
            uri.replace("redis+unix", "unix", 1), socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE
        )
        self._name = name

    def key(self, *parts: Any) -> str:
        """The name of something that is kept or said there."""
        return ":".join(map(str, ("rex-auth-edge", self._name, *parts)))

    async def close(self) -> None:
        """Let go of the connections."""
        await self.redis.aclose()
