"""Tokens that are shown at another node than the one that issued them, and those that a hub's root makes up."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import jwt

from rex_auth_edge.keys.keyring import SigningKey
from rex_auth_edge.keys.options import Algorithm
from rex_auth_edge.keys.public_keys import header
from rex_auth_edge.keys.tokens import sign
from tests.exchange.conftest import Street
from tests.exchange.people import add, agree, joined, joined_beside
from tests.exchange.street import Hub, bearer

OK, UNKNOWN, FORBIDDEN = HTTPStatus.OK, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN


async def two_hubs(street: Street) -> tuple[Hub, Hub]:
    """Both in one household, of which Noah is a member."""
    first = await joined(street)
    await add(first.home, "noah")
    second = await joined_beside(street)
    await agree(street)
    return first, second


async def asked(home: Any, tokens: dict[str, Any], method: str, path: str, **more: Any) -> httpx.Response:
    """By somebody's token."""
    async with bearer(home, tokens) as client:
        return await client.request(method, path, **more)


def said(tokens: dict[str, Any]) -> dict[str, Any]:
    """What an access token says."""
    return dict(jwt.decode(tokens["access_token"], options={"verify_signature": False}))


def session_of(tokens: dict[str, Any]) -> str:
    """The session of an access token."""
    return str(said(tokens)["session_id"])


@dataclass(frozen=True)
class Root:
    """Somebody who has a hub's keys, and signs with them what they like."""

    hub: Hub
    tokens: dict[str, Any]

    @property
    def key(self) -> SigningKey:
        """The hub's."""
        return self.hub.home.hub.parts.keyring.signing(self.hub.home.clock.now())

    def signs(self, **claims: Any) -> dict[str, Any]:
        """A token that says something else besides; None takes a claim away."""
        payload = {name: value for name, value in (said(self.tokens) | claims).items() if value is not None}
        return {"access_token": sign(self.key, payload)}

    def under(self, algorithm: str, key: Any, **header: Any) -> dict[str, Any]:
        """The same token under another head."""
        headers = {"typ": "at+jwt", "kid": self.key.kid} | header
        return {"access_token": jwt.encode(said(self.tokens), key, algorithm, headers)}


def hs256(root: Root, public: bytes) -> str:
    """A token that is signed with the public key, as if that were a shared secret (RFC 8725 section 2.1)."""
    signed = f"{header(Algorithm.HS256, root.key.kid)}.{root.tokens['access_token'].split('.')[1]}"
    mac = hmac.digest(public, signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


async def refreshed(hub: Hub, tokens: dict[str, Any]) -> dict[str, Any]:
    """The session's next tokens."""
    async with hub.home.client() as client:
        answer = await client.post("/auth/token/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == OK, answer.text
    return dict(answer.json())
