"""Libraries that others wrote: they verify the hub's tokens by its published keys, and speak its grants."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt as joserfc
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.devices.machines import DEVICE_CODE
from tests.interop.conftest import Home
from tests.interop.programs import needed

DEBIANS = "/usr/share/nodejs"
"""Where Debian's node-jose is: npm's jose, packaged."""
Verify = Callable[[str, str, str, str], str | None]


def by_jose(token: str, keys: str, issuer: str, audience: str) -> str | None:
    """Whose token it is, by npm's jose; None if it is refused."""
    needed("node", f"{DEBIANS}/jose/package.json", packages="nodejs node-jose")
    command = ["node", str(Path(__file__).with_name("jose.js")), keys, issuer, audience]
    env = {"NODE_PATH": DEBIANS, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(command, input=token, capture_output=True, text=True, timeout=30, check=True, env=env)
    said = json.loads(done.stdout)
    assert "refused" in said or said["alg"] == "ES256"
    return str(said["sub"]) if "sub" in said else None


def by_joserfc(token: str, keys: str, issuer: str, audience: str) -> str | None:
    """The same by joserfc."""
    try:
        found = joserfc.decode(token, KeySet.import_key_set(httpx.get(keys).json()), algorithms=["ES256"])
        demands: Any = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": audience}}
        joserfc.JWTClaimsRegistry(**demands).validate(found.claims)
    except (JoseError, ValueError):
        return None
    return str(found.claims["sub"])


def by_pyjwt(token: str, keys: str, issuer: str, audience: str) -> str | None:
    """The same by PyJWT's client."""
    try:
        key = jwt.PyJWKClient(keys).get_signing_key_from_jwt(token)
        return str(jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer=issuer)["sub"])
    except jwt.PyJWTError:
        return None


@pytest.mark.parametrize("verify", [by_jose, by_joserfc, by_pyjwt])
def test_tokens_are_verified_by_the_published_keys(home: Home, verify: Verify) -> None:
    """A person's and a device's; for nobody else, from nobody else, and not changed."""
    keys = f"{home.hub.url}/.well-known/jwks.json"
    lamp = home.thing("lamp", "mqtt")
    me = home.maya.get("/auth/token/validate", headers=home.bearer).json()["user_id"]
    device = (keys, home.hub.url, "rex-home")
    assert verify(home.token, keys, "rex-auth-service", "rex-platform") == me
    assert verify(lamp["access_token"], *device) == lamp["client_id"]
    assert verify(lamp["access_token"], keys, home.hub.url, "rex-platform") is None
    assert verify(lamp["access_token"], keys, "https://elsewhere", "rex-home") is None
    assert verify(lamp["access_token"][:-8] + "AAAAAAAA", *device) is None


def test_the_device_grant(home: Home) -> None:
    """Authlib's client asks, a person approves, and it gets tokens (RFC 8628), renews them (RFC 6749) and ends them."""
    assert home.maya.post("/household/devices/window", json={"open_for": "5m"}, headers=home.bearer).status_code == 200
    metadata = httpx.get(f"{home.hub.url}/.well-known/oauth-authorization-server").json()
    ask = {"client_id": "rex-device", "scope": "lights"}
    said = httpx.post(metadata["device_authorization_endpoint"], data=ask).json()
    code = {"code": said["user_code"]}
    found = home.maya.post("/household/devices/asks/look", json=code, headers=home.bearer).json()
    path = f"/household/devices/asks/{found['id']}/approve"
    assert home.maya.post(path, json=code, headers=home.bearer).status_code == 200
    with OAuth2Session("rex-device", token_endpoint_auth_method="none") as client:
        url = metadata["token_endpoint"]
        given = client.fetch_token(url, grant_type=DEVICE_CODE, device_code=said["device_code"])
    assert given["token_type"] == "Bearer"
    who = (given["client_id"], given["client_secret"])
    with OAuth2Session(*who, token=dict(given), token_endpoint_auth_method="client_secret_basic") as device:
        renewed = device.refresh_token(url, refresh_token=given["refresh_token"])
        assert renewed["access_token"] != given["access_token"]
        assert device.fetch_token(url, grant_type="client_credentials")["expires_in"] == 24 * 3600
        # Asks about itself without being allowed to: told so, as RFC 6749 section 5.2 has it.
        answer = device.introspect_token(metadata["introspection_endpoint"], token=renewed["access_token"])
        assert answer.json()["error"] == "insufficient_scope"
        assert device.revoke_token(metadata["revocation_endpoint"], token=renewed["access_token"]).status_code == 200
    home.things["authlib"] = dict(given)
    home.remove("authlib")
