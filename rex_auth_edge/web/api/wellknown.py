"""What machines ask before anything else: health, and the keys that verify our tokens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.web.api.messages import Health
from rex_auth_edge.web.asgi import Scope
from rex_auth_edge.web.visit import Visit

OVERLAP_SECONDS = 300
"""How long verifiers may keep the JWKS; a new key waits as long before it signs."""
PROBES = "rex_auth_edge.probes"
"""Where in a request's scope the hub's `Probes` are."""


@dataclass(frozen=True, slots=True)
class Probes:
    """`failing` names the parts that keep the hub from serving, and says in a word what is wrong with each."""

    failing: Callable[[], Awaitable[dict[str, str]]]


@get(["/health", "/health/live"], sync_to_thread=False)
def live() -> Health:
    """The program answers; nothing is looked at that could wait."""
    return Health("ok")


@get("/health/ready")
async def ready(visit: NamedDependency[Visit]) -> Response[Any]:
    """The database and the disk can do their work; the clock's state is shown and never fails it."""
    clock, probes = visit.desk.parts.clock, cast("Scope", visit.request.scope)[PROBES]
    failing = await probes.failing()
    state = {"clock": clock.now().state.value, "clock_why": clock.explain()}
    if not failing:
        return Response(Health("ok", **state))
    sentence = "Not ready: " + ", ".join(f"{part} {word.replace('_', ' ')}" for part, word in failing.items())
    body: dict[str, Any] = {"status": "unavailable", "message": sentence, "error": sentence}
    body |= {"code": Code.STORAGE_UNAVAILABLE.value, "failing": [*failing], "why": failing} | state
    return Response(body, status_code=503, headers={"Retry-After": "5"})


@get("/.well-known/jwks.json")
async def jwks(visit: NamedDependency[Visit]) -> Response[bytes]:
    """The public keys (RFC 7517) of every access token that is alive."""
    parts = visit.desk.parts
    body = msgspec.json.encode(parts.keyring.jwks(parts.clock.now()))
    headers = {"Cache-Control": f"public, max-age={OVERLAP_SECONDS}"}
    return Response(body, media_type="application/jwk-set+json", headers=headers)


HANDLERS = (live, ready, jwks)
