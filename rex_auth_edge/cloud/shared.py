"""Redis or Valkey: what the processes of one deployment have in common beside the database."""

from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from rex_auth_edge.web import redis

TROUBLE = (RedisError, OSError, TimeoutError)
"""What a client raises where the server can't be used."""


class Shared:
    """`name` tells deployments apart that use one server. `redis` is for asking, `ear` for listening."""

    def __init__(self, uri: str, name: str) -> None:
        uri = redis.spoken_to(uri).replace("redis+unix", "unix", 1)
        self.redis: Redis = Redis.from_url(uri, **redis.BOUNDS, **redis.AGAIN)
        self.ear: Redis = Redis.from_url(uri, **redis.BOUNDS)
        self._name = name

    def key(self, *parts: Any) -> str:
        """The name of something that is kept or said there."""
        return ":".join(map(str, ("rex-auth-edge", self._name, *parts)))

    async def close(self) -> None:
        """Let go of the connections."""
        await self.redis.aclose()
        await self.ear.aclose()
