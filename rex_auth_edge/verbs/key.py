"""The keys that sign access tokens."""

from typing import Any

from rex_auth_edge.domain.clock import DAY, Moment
from rex_auth_edge.flows import signing
from rex_auth_edge.keys.keyring import SigningKey
from rex_auth_edge.verbs.reach import CONSOLE, Reach, Verbs
from rex_auth_edge.web.answers import rfc3339


async def _listed(reach: Reach) -> list[dict[str, Any]]:
    """The key that signs, those to come, and those whose last token may be alive."""
    now, ring = reach.parts.clock.now(), reach.parts.keyring
    signing_now = ring.signing(now)
    published = ring.published(now)
    # A shared secret signs, and is never published.
    keys = published if signing_now in published else [*published, signing_now]
    return [_described(key, now) | {"state": _state(key, signing_now), "age_days": _age(key, now)} for key in keys]


def _age(key: SigningKey, now: Moment) -> int | None:
    return max(0, now.running - key.signs_from_at) // DAY if key.created_at else None


def _state(key: SigningKey, signing_now: SigningKey) -> str:
    if key is signing_now:
        return "signing"
    later = key.algorithm is signing_now.algorithm and key.signs_from_at > signing_now.signs_from_at
    return "coming" if later else "verifying"


def _described(key: SigningKey, now: Moment) -> dict[str, Any]:
    """A key without its private half. Of the shared secret nobody knows since when it is used."""
    return {
        "kid": key.kid,
        "algorithm": key.algorithm.value,
        "created_at": rfc3339(key.created_at) if key.created_at else None,
        "signs_from": rfc3339(now.wall + key.signs_from_at - now.running) if key.created_at else None,
    }


async def _rotated(reach: Reach, *, now: bool = False, leaked: bool = False) -> dict[str, Any]:
    made = await signing.rotate(reach.parts, at_once=now, leaked=leaked, caller=CONSOLE)
    reach.authenticator.forget()
    return _described(made, reach.parts.clock.now())


VERBS: Verbs = {"list": _listed, "rotate": _rotated}
