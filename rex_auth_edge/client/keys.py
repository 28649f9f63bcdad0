"""The device's own key (EC P-256), made on the device, which it never leaves; and what the device proves with it."""

import hashlib
from typing import TYPE_CHECKING

from rex_auth_edge.client import jose
from rex_auth_edge.client.device import token_bytes
from rex_auth_edge.client.folder import Folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

KEY = "key.pem"
_MINUTE = 60
_HALF = 32


class DeviceKey:
    """A private key that doesn't print itself. `jwk` is its public half, `thumbprint` its name (RFC 7638)."""

    def __init__(self, private: "EllipticCurvePrivateKey") -> None:
        self._private = private
        numbers = private.public_key().public_numbers()
        x, y = (jose.text(number.to_bytes(_HALF)) for number in (numbers.x, numbers.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        self.thumbprint = jose.thumbprint(self.jwk)

    def dpop(self, method: str, url: str, now: int, nonce: str | None, token: str | None = None) -> str:
        """A proof for one request (RFC 9449 section 4); `now` in seconds since 1970."""
        claims = {"jti": _jti(), "htm": method, "htu": url.partition("?")[0], "iat": now}
        if nonce is not None:
            claims["nonce"] = nonce
        if token is not None:
            claims["ath"] = jose.text(hashlib.sha256(token.encode()).digest())
        return jose.sign({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk}, claims, self._private)

    def assertion(self, client_id: str, audience: str, now: int, nonce: str | None) -> str:
        """Who the device is (private_key_jwt, RFC 7523), fresh by the hub's nonce and not by the device's clock."""
        claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": _jti(), "iat": now, "exp": now + _MINUTE}
        said = claims if nonce is None else claims | {"nonce": nonce}
        return jose.sign({"typ": "JWT", "alg": "ES256", "kid": self.thumbprint}, said, self._private)


def load_or_make(folder: Folder) -> DeviceKey:
    """The folder's key; a new one where there is none. Raises OSError, OpenToOthersError, ValueError."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - who only verifies has no key
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    content = folder.read(KEY)
    if content is not None:
        found = serialization.load_pem_private_key(content, None)
        if not isinstance(found, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{folder.path / KEY} isn't this device's key: remove the folder and pair again.")
        return DeviceKey(found)
    made = ec.generate_private_key(ec.SECP256R1())
    pkcs8, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    folder.put(KEY, made.private_bytes(serialization.Encoding.PEM, pkcs8, none))
    return DeviceKey(made)


def _jti() -> str:
    return jose.text(token_bytes(16))
