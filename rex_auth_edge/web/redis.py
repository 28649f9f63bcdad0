"""How Redis or Valkey is asked: with little patience, and once more where an idle connection had died unnoticed."""

from typing import Any

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Lost

PATIENCE = 2.0
"""Seconds for a connection, and for an answer."""

BOUNDS: dict[str, Any] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
AGAIN: dict[str, Any] = {"retry": Retry(NoBackoff(), 1, (Lost,))}
"""For what may be done twice. Not for who listens: what was said before the second try is lost, and nobody notices."""


def spoken_to(uri: str) -> str:
    """Valkey is spoken to in Redis's protocol, by the one client that is a dependency."""
    return "redis" + uri.removeprefix("valkey") if uri.startswith("valkey") else uri
