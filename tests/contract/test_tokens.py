"""Access tokens as a gateway sees them: verified by PyJWT with the published keys, and what is refused."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest

from rex_auth_edge.storage.store import Store
from tests.contract.shapes import MAYA, granted, refused
from tests.doubles import START, HandClock
from tests.hub import Household, household

SHARED = "a secret that every gateway of the house has"
ALGORITHMS = ["ES256", "EdDSA", "HS256"]
JWKS = "/.well-known/jwks.json"
TIMELESS: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}


@pytest.fixture(params=ALGORITHMS)
async def signing(
    request: pytest.FixtureRequest, sqlite_store: Store, clock: HandClock, tmp_path: Path
) -> AsyncIterator[tuple[Household, str]]:
    """A hub that signs by each of the algorithms, and the algorithm."""
    environ = {"JWT_ALGORITHM": str(request.param), "JWT_SECRET_KEY": SHARED}
    made = await household(sqlite_store, clock, tmp_path / "data", **environ)
    yield made, request.param
    await made.hub.close()


async def verified(client: httpx.AsyncClient, token: str, algorithm: str) -> dict[str, Any]:
    """The claims, as PyJWT gives them to whoever has the published key or the shared secret.

    The times are the test clock's, so PyJWT leaves them to the caller.
    """
    key: Any = SHARED
    if algorithm != "HS256":
        keys = jwt.PyJWKSet.from_dict((await client.get(JWKS)).json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
    audience, issuer = "rex-platform", "rex-auth-service"
    claims = jwt.decode(token, key, [algorithm], audience=audience, issuer=issuer, options=TIMELESS)
    return dict(claims)


async def test_claims(signing: tuple[Household, str]) -> None:
    """Each algorithm's token has the documented header and claims, and the hub itself believes it."""
    home, algorithm = signing
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        token = joined["access_token"]
        claims = await verified(client, token, algorithm)
        header = jwt.get_unverified_header(token)
        assert (header["alg"], header["typ"]) == (algorithm, "at+jwt")
        assert header["kid"]
        listed = (await client.get("/auth/sessions")).json()["sessions"]
    names = "iss aud sub session_id sid tenant_id email_verified roles scopes scope jti iat nbf exp boot"
    assert claims.keys() == set(names.split())
    assert (claims["sub"], claims["tenant_id"]) == (joined["user_id"], joined["tenant_id"])
    assert claims["session_id"] == claims["sid"] == listed[0]["session_id"]
    assert all(str(UUID(claims[name])) == claims[name] for name in ("sub", "session_id", "tenant_id"))
    assert claims["email_verified"] is True
    assert claims["roles"] == ["adult"]
    assert claims["scopes"] == claims["scope"].split()
    assert claims["iat"] == claims["nbf"] == START // 1000
    assert claims["exp"] - claims["iat"] == joined["expires_in"] == 600


async def test_every_token_is_another(home: Household) -> None:
    """Each refresh has a jti of its own, and the session's id stays."""
    async with home.client() as client:
        tokens = [await home.join(client, MAYA)] + [granted(await client.post("/auth/token/refresh")) for _ in range(3)]
        claims = [await verified(client, it["access_token"], "ES256") for it in tokens]
    assert len({it["jti"] for it in claims}) == 4
    assert len({it["sid"] for it in claims}) == 1


async def test_published_keys(signing: tuple[Household, str]) -> None:
    """The key set may be kept for a while and holds public keys only; a shared secret is never in it."""
    home, algorithm = signing
    async with home.client() as client:
        answer = await client.get(JWKS)
    assert answer.headers["cache-control"].startswith("public, max-age=")
    for key in answer.json()["keys"]:
        assert key["kty"] in {"EC", "OKP"}
        assert key["use"] == "sig"
        assert not key.keys() & {"d", "k", "p", "q"}
    assert SHARED not in answer.text
    assert [key["alg"] for key in answer.json()["keys"]] == [algorithm] * (algorithm != "HS256")


async def test_issuer_by_setting(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> None:
    """REX_ISSUER is what tokens say, and a token of another issuer is refused."""
    home = await household(sqlite_store, clock, tmp_path / "data", REX_ISSUER="https://rex.example")
    async with home.client() as client:
        joined = await home.join(client, MAYA)
        claims = jwt.decode(joined["access_token"], options={"verify_signature": False})
        assert claims["iss"] == "https://rex.example"
    await home.hub.close()
    other = await household(sqlite_store, clock, tmp_path / "data")
    async with other.client() as client:
        shown = {"authorization": f"Bearer {joined['access_token']}"}
        refused(await client.get("/auth/token/validate", headers=shown), 401, "invalid_token")
    await other.hub.close()


def forged(header: dict[str, Any], payload: dict[str, Any], secret: bytes = b"") -> str:
    """A token with this header, by an HMAC with `secret` or without any signature."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    signed = b".".join(parts)
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=") if secret else b""
    return (signed + b"." + signature).decode()


def forgeries(token: str, keys: str) -> list[str]:
    """Everything that somebody makes of a genuine token and the published keys."""
    header, payload = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    head, body, tail = token.split(".")
    raised = forged({}, payload | {"roles": ["owner"]}).split(".")[1]
    return [
        forged(header | {"alg": "none"}, payload),
        forged(header | {"alg": "None"}, payload, b"x"),
        forged(header | {"alg": "HS256"}, payload, keys.encode()),
        forged(header, payload, b"my key"),
        forged({"alg": "HS256", "typ": "at+jwt", "jwk": {"kty": "oct", "k": "bXkga2V5"}}, payload, b"my key"),
        forged(header | {"alg": "HS256", "jku": "http://127.0.0.1/keys"}, payload, b"my key"),
        forged(header | {"typ": "JWT"}, payload, b"my key"),
        forged(header | {"kid": "../../dev/null"}, payload, b"\0"),
        f"{head}.{raised}.{tail}",
        *(f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{tail}=", f"{token} x", token.upper(), "..", "é"),
    ]


async def test_forgeries(signing: tuple[Household, str]) -> None:
    """No algorithm, the public key as a secret, keys of one's own, other types and changed claims are each a 401."""
    home, _ = signing
    async with home.client() as client, home.client() as bare:
        token = (await home.join(client, MAYA))["access_token"]
        for forgery in forgeries(token, (await client.get(JWKS)).text):
            shown = {b"authorization": b"Bearer " + forgery.encode()}
            refused(await bare.get("/auth/profile", headers=shown), 401, "invalid_token")
        assert (await bare.get("/auth/profile", headers={"authorization": f"Bearer {token}"})).status_code == 200
