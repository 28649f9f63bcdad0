"""The device's own tokens: kept over restarts, renewed well before they end, by the boot clock and no other."""

import threading
from collections.abc import Mapping
from typing import Any

from rex_auth_edge.client import jose
from rex_auth_edge.client.folder import Folder
from rex_auth_edge.client.known import Known
from rex_auth_edge.client.reasons import (
    HubRefusedError,
    HubUnreachableError,
    NotPairedError,
    NotTheHubError,
    TokenRefusedError,
)
from rex_auth_edge.client.talk import Talk

TOKENS = "tokens.json"
_LEAST = 30_000
_UNKNOWN = frozenset({"invalid_client", "unauthorized_client"})


class Tokens:
    """Tokens of one device. For many threads; one of them renews at a time."""

    def __init__(self, folder: Folder, known: Known, talk: Talk, client: tuple[str, str | None]) -> None:
        self._folder = folder
        self._known = known
        self._talk = talk
        self._client = client
        self._lock = threading.Lock()
        self._kept = folder.read_json(TOKENS)

    def keep(self, answer: Mapping[str, Any], scope: str | None) -> str:
        """Take a token answer (RFC 6749 section 5.1); the access token. Raises OSError."""
        now = self._known.clock.now()
        token = str(answer["access_token"])
        life = int(answer.get("expires_in", 0)) * 1_000
        entry = {"token": token, "life": life, "boot": now.boot, "boot_id": now.boot_id, "ends": now.latest + life}
        kept = dict(self._kept.get("access", {})) | {scope or "": entry}
        self._kept = {"access": kept, "refresh": answer.get("refresh_token", self._kept.get("refresh"))}
        self._folder.put_json(TOKENS, self._kept)
        self._learn_time(token)
        return token

    def _learn_time(self, token: str) -> None:
        """The hub has signed it just now."""
        try:
            claims = jose.authenticate(jose.parse(token), "at+jwt", self._known.keys)
            self._known.told(int(claims["iat"]))
        except (TokenRefusedError, KeyError, TypeError, ValueError):
            return

    def get(self, scope: str | None) -> str:
        """A token that is good for a while. One that is still good goes on where the hub can't be reached.

        Raises HubError.
        """
        with self._lock:
            entry = self._kept.get("access", {}).get(scope or "")
            left = 0 if entry is None else self._left(entry)
            if entry is not None and left * 3 > entry["life"] and left > _LEAST:
                return str(entry["token"])
            try:
                return self._renewed(scope)
            except (HubUnreachableError, NotTheHubError):
                if entry is None or left <= 0:
                    raise
                return str(entry["token"])

    def renew(self, scope: str | None) -> str:
        """A new token, whatever is left of the one held. Raises HubError."""
        with self._lock:
            return self._renewed(scope)

    def _left(self, entry: Mapping[str, Any]) -> int:
        """Milliseconds."""
        now = self._known.clock.now()
        if entry["boot_id"] == now.boot_id:
            return int(entry["boot"] + entry["life"] - now.boot)
        return int(entry["ends"] - now.latest)

    def _renewed(self, scope: str | None) -> str:
        wanted = {} if scope is None else {"scope": scope}
        refresh = self._kept.get("refresh")
        if refresh:
            try:
                return self._asked({"grant_type": "refresh_token", "refresh_token": str(refresh)} | wanted, scope)
            except HubRefusedError as refused:
                if refused.code != "invalid_grant":
                    raise
                self._kept = {**self._kept, "refresh": None}
        return self._asked({"grant_type": "client_credentials"} | wanted, scope)

    def _asked(self, form: Mapping[str, str], scope: str | None) -> str:
        try:
            return self.keep(self._talk.post("token_endpoint", form, self._client), scope)
        except HubRefusedError as refused:
            if refused.code in _UNKNOWN:
                said = "The hub doesn't know this device any more, or it is suspended: ask an owner, or pair it again."
                raise NotPairedError(said) from refused
            raise

    def forget(self) -> None:
        """Use none of the access tokens kept."""
        self._kept = {"refresh": self._kept.get("refresh")}
        self._folder.put_json(TOKENS, self._kept)
