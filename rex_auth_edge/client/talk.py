"""Speaking OAuth with the hub: where its endpoints are, and proofs that bear its latest nonce."""

from collections.abc import Callable, Mapping
from typing import Any

from rex_auth_edge.client.keys import DeviceKey
from rex_auth_edge.client.line import Answer, Line
from rex_auth_edge.client.reasons import HubRefusedError, NotTheHubError

PAIRED = "hub.json"
"""The file that says which hub this is, and as whom it knows this device."""
METADATA = "/.well-known/oauth-authorization-server"
_NONCE = "dpop-nonce"
_STALE = frozenset({"use_dpop_nonce", "invalid_dpop_proof", "invalid_client"})
_REFUSED = (400, 401)


class Talk:
    """A conversation with the hub's endpoints (RFC 8414). `seconds` tells the time, in seconds since 1970."""

    def __init__(self, line: Line, key: DeviceKey, seconds: Callable[[], int], metadata: Mapping[str, Any]) -> None:
        self.line = line
        self.key = key
        self.metadata = metadata
        self._seconds = seconds
        self._nonce: str | None = None

    @classmethod
    def begin(cls, line: Line, key: DeviceKey, seconds: Callable[[], int]) -> "Talk":
        """Ask the hub for its metadata. Raises HubError."""
        return cls(line, key, seconds, line.get(METADATA).good().json())

    @property
    def issuer(self) -> str:
        """The hub's `iss`."""
        return str(self.metadata["issuer"])

    def post(self, endpoint: str, form: Mapping[str, str], client: tuple[str, str | None] | None) -> dict[str, Any]:
        """The answer of an endpoint, asked again once where the hub has sent a nonce to be used. Raises HubError.

        `client` is the device's id and its secret; without a secret it signs.
        """
        answer = self._post(endpoint, form, client)
        if answer.status in _REFUSED and _NONCE in answer.headers and _error(answer) in _STALE:
            answer = self._post(endpoint, form, client)
        return answer.good().json()

    def _post(self, endpoint: str, form: Mapping[str, str], client: tuple[str, str | None] | None) -> Answer:
        url = self._url(endpoint)
        used, now = self._nonce, self._seconds()
        headers = {"DPoP": self.key.dpop("POST", url, now, used)}
        said = dict(form)
        if client is not None and client[1] is None:
            said["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            said["client_assertion"] = self.key.assertion(client[0], self.issuer, now, used)
        elif client is not None:
            headers["Authorization"] = _basic(client[0], client[1] or "")
        answer = self.line.post(path_of(url), said, headers)
        self._nonce = answer.headers.get(_NONCE, self._nonce)
        return answer

    def _url(self, endpoint: str) -> str:
        url = self.metadata.get(endpoint)
        if not isinstance(url, str):
            raise HubRefusedError("unsupported", f"The hub has no {endpoint.replace('_', ' ')}: upgrade it.")
        return url


def path_of(url: str) -> str:
    """The path of an address at the hub, with its query: only the pinned hub is ever asked. Raises NotTheHubError."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - as the network

    parts = urlsplit(url)
    if not parts.path.startswith("/"):
        raise NotTheHubError("The hub names an address that isn't one.")
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _error(answer: Answer) -> object:
    try:
        return answer.json().get("error")
    except HubRefusedError:
        return None


def _basic(name: str, secret: str) -> str:
    from base64 import b64encode  # noqa: PLC0415
    from urllib.parse import quote  # noqa: PLC0415

    return "Basic " + b64encode(f"{quote(name, '')}:{quote(secret, '')}".encode()).decode()
