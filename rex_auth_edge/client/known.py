"""What a device knows of its household without asking: the hub's keys, the list of ended tokens, and the time."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rex_auth_edge.client import status
from rex_auth_edge.client.clock import DeviceClock, Instant
from rex_auth_edge.client.device import Reading
from rex_auth_edge.client.folder import Folder
from rex_auth_edge.client.jose import accepted
from rex_auth_edge.client.reasons import Reason, TokenRefusedError
from rex_auth_edge.client.status import StatusList

KNOWN = "known.json"
"""The keys and the list as the hub gave them, and when."""
MARK = "time.json"
"""How far time has come, and the list's highest version: apart, so that an older copy of the former is noticed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Household:
    """Whose device this is: the hub's `iss`, the household, and where its list of ended tokens lies."""

    issuer: str
    tenant_id: str
    status_uri: str

    def facts(self) -> list[str]:
        """For a file: the fields in their order."""
        return [self.issuer, self.tenant_id, self.status_uri]


class Known:
    """Kept in a folder, and on loading the list is verified again as if it had just come. For many threads."""

    def __init__(self, folder: Folder, household: Household, read: Callable[[], Reading]) -> None:
        self.household = household
        self.lock = threading.RLock()
        self._folder = folder
        mark = folder.read_json(MARK)
        self.clock = DeviceClock(read, mark)
        self._version = mark["version"] if isinstance(mark.get("version"), int) else 0
        self.keys: Mapping[str, Mapping[str, Any]] = {}
        self.list: StatusList | None = None
        self.contact: int | None = None
        self.rolled_back = False
        self._load(folder.read_json(KNOWN))

    def _load(self, found: Mapping[str, Any]) -> None:
        self.keys = keys_of(found.get("jwks"))
        self.contact = found["contact"] if isinstance(found.get("contact"), int) else None
        listed = found.get("status")
        if not isinstance(listed, str):
            return
        try:
            self._take(status.read(listed, self.keys, self.household.status_uri))
        except TokenRefusedError as refused:
            _log.warning("The list of ended tokens on disk isn't taken: %s", refused)

    def _take(self, listed: StatusList) -> None:
        """Raises TokenRefusedError for a list older than one seen."""
        self.clock.seen(listed.issued)
        self.rolled_back = listed.version < self._version
        if self.rolled_back:
            raise TokenRefusedError(Reason.LIST_ROLLED_BACK)
        self._version, self.list = listed.version, listed

    def adopt(self, jwks: Mapping[str, Any], listed: str) -> None:
        """Take what the hub has just sent over its own TLS. Raises TokenRefusedError, and then keeps what was there."""
        with self.lock:
            keys = keys_of(jwks)
            self._take(status.read(listed, keys, self.household.status_uri))
            self.keys, self.contact = keys, self.clock.now().earliest
            self._folder.put_json(KNOWN, {"jwks": jwks, "status": listed, "contact": self.contact})
            self.save()

    def told(self, seconds: int) -> None:
        """The hub has just signed something with this `iat`."""
        with self.lock:
            self.clock.told(seconds * 1_000)
            self.save()

    def now(self) -> Instant:
        """The present instant; time is written down every few minutes."""
        if self.clock.due():
            self.save()
        return self.clock.now()

    def save(self) -> None:
        """Write down how far time has come. A disk that is full or read-only stops no decision."""
        try:
            self._folder.put_json(MARK, self.clock.mark() | {"version": self._version})
        except OSError as error:
            _log.warning("The time can't be written down in %s: %s", self._folder.path, error.strerror)

    def distrust_time(self) -> None:
        """Forget the time that the hub has signed, for a hub that was in 2099 once; the list goes with it."""
        with self.lock:
            self._folder.drop(KNOWN)
            self._folder.put_json(MARK, {"version": self._version})
            self.clock.forget()
            self.keys, self.list, self.contact = {}, None, None


def keys_of(jwks: object) -> dict[str, Mapping[str, Any]]:
    """The keys of a JWK Set (RFC 7517 section 5) that can sign tokens, by `kid`."""
    found = jwks.get("keys") if isinstance(jwks, dict) else None
    keys = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return {each["kid"]: each for each in keys if accepted(each.get("alg")) and isinstance(each.get("kid"), str)}
