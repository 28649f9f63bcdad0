"""The line to the hub: TLS with the household's CA alone and by the hub's own name, to whatever address it has now."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rex_auth_edge.client.reasons import HubRefusedError, HubUnreachableError, NotTheHubError

if TYPE_CHECKING:
    import socket

LONGEST = 2 * 1_048_576
"""Bytes of an answer."""
PATIENCE = 10.0
"""Seconds for each step of a conversation."""
LOOK = 2.0
"""Seconds to look for a hub whose address has changed."""
_NO_CHECK_TIME = 0x20_0000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: its idea of the time is the wall clock's, ours isn't."""
_HTTPS = 443
_BAD, _TOO_MANY, _BROKEN = 400, 429, 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pin:
    """A hub by its name, and the only authority that may vouch for it (PEM).

    Without one the hub is spoken to in the clear, and only on this same machine: a hub under development.
    """

    host: str
    port: int
    addresses: tuple[str, ...]
    ca: str | None

    def facts(self) -> dict[str, Any]:
        """For a file."""
        return {"host": self.host, "port": self.port, "addresses": list(self.addresses), "ca": self.ca}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Pin":
        """What `facts` gave. Raises KeyError."""
        return cls(facts["host"], facts["port"], tuple(facts["addresses"]), facts["ca"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub has answered; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> dict[str, Any]:
        """The body, which is an object. Raises HubRefusedError for anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise HubRefusedError("no_json", f"The hub's answer ({self.status}) can't be read.", self.status)
        return found

    def good(self) -> "Answer":
        """This, unless the hub has refused, or can't answer now. Raises HubRefusedError, HubUnreachableError."""
        if self.status < _BAD:
            return self
        if self.status == _TOO_MANY or self.status >= _BROKEN:
            raise HubUnreachableError(f"The hub can't answer at present ({self.status}): try again in a while.")
        said = self.json()
        code = str(said.get("code") or said.get("error") or "refused")
        message = said.get("error_description") or said.get("message") or f"The hub refuses: {code}."
        say = said.get("say")
        raise HubRefusedError(code, str(message), self.status, say if isinstance(say, str) else None)


class Line:
    """Conversations with one hub, one request each. `earliest` tells a time that has come (milliseconds since 1970)."""

    def __init__(self, pin: Pin, earliest: Callable[[], int]) -> None:
        self.pin = pin
        self._earliest = earliest
        self._checked = pin.ca is not None or all(_loopback(each) for each in pin.addresses)

    def get(self, path: str) -> Answer:
        """GET. Raises HubError."""
        return self.ask("GET", path, {})

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """POST a form. Raises HubUnreachableError, NotTheHubError."""
        from urllib.parse import urlencode  # noqa: PLC0415 - who only verifies never pays for the network

        said = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return self.ask("POST", path, said, urlencode(form).encode())

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """One request. Raises HubUnreachableError, NotTheHubError."""
        import http.client  # noqa: PLC0415

        raw = self._connected()
        shown = self.pin.host if self.pin.port == _HTTPS else f"{self.pin.host}:{self.pin.port}"
        try:
            conversation = http.client.HTTPConnection(self.pin.host, self.pin.port, timeout=PATIENCE)
            conversation.sock = raw
            conversation.request(method, path, body, {"Host": shown, "Accept": "application/json", **headers})
            answer = conversation.getresponse()
            content = answer.read(LONGEST + 1)
        except (OSError, http.client.HTTPException) as error:
            raise HubUnreachableError(f"The hub {self.pin.host} broke off: try again.") from error
        finally:
            raw.close()
        if len(content) > LONGEST:
            raise HubRefusedError("too_large", "The hub's answer is too large.", answer.status)
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _connected(self) -> "socket.socket":
        import ssl  # noqa: PLC0415

        wrong: NotTheHubError | None = None
        for address in self._candidates():
            try:
                made = self._open(address)
            except ssl.SSLError as error:
                said = getattr(error, "verify_message", "") or error.reason
                wrong = NotTheHubError(f"What answers at {address} isn't the hub {self.pin.host}: {said}.")
            except NotTheHubError as error:
                wrong = error
            except OSError as error:
                _log.debug("Nothing at %s: %s", address, error)
            else:
                self._remember(address)
                return made
        raise wrong or HubUnreachableError(f"The hub {self.pin.host} doesn't answer: is it on, and in this network?")

    def _candidates(self) -> Iterator[str]:
        """The addresses known, then what the name resolves to, then what is announced: each only if it is needed."""
        if not self._checked:
            raise NotTheHubError("Without a pinned authority a hub is trusted on this same machine only.")
        tried = set(self.pin.addresses)
        yield from self.pin.addresses
        if self.pin.ca is None:
            return
        for more in (_resolved, _announced):
            found = [each for each in more(self.pin) if each not in tried]
            tried.update(found)
            yield from found

    def _open(self, address: str) -> "socket.socket":
        import socket  # noqa: PLC0415

        raw = socket.create_connection((address, self.pin.port), PATIENCE)
        try:
            return raw if self.pin.ca is None else self._secured(raw, self.pin.ca)
        except BaseException:
            raw.close()
            raise

    def _secured(self, raw: "socket.socket", ca: str) -> "socket.socket":
        import ssl  # noqa: PLC0415

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_flags |= _NO_CHECK_TIME
        made = context.wrap_socket(raw, server_hostname=self.pin.host)
        end = ssl.cert_time_to_seconds(str((made.getpeercert() or {})["notAfter"]))
        if end * 1_000 <= self._earliest():
            made.close()
            raise NotTheHubError(f"The certificate of {self.pin.host} has ended: see to the hub's clock and renewal.")
        return made

    def _remember(self, address: str) -> None:
        rest = tuple(each for each in self.pin.addresses if each != address)
        self.pin = replace(self.pin, addresses=(address, *rest)[:8])


def _loopback(address: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415

    return ip_address(address).is_loopback


def _resolved(pin: Pin) -> Iterable[str]:
    import socket  # noqa: PLC0415

    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(pin.host, pin.port, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def _announced(pin: Pin) -> Iterable[str]:
    """What hubs announce, this one's own address first; TLS finds the right one. Empty without zeroconf."""
    import asyncio  # noqa: PLC0415

    from rex_auth_edge.client import find  # noqa: PLC0415

    try:
        found = asyncio.run(find.browse(LOOK))
    except (ImportError, OSError, RuntimeError):
        return []
    found.sort(key=lambda each: each.host != pin.host)
    return [address for each in found if each.port == pin.port for address in each.addresses]
