"""A device's hub: everything that a device's program needs, in one place."""

import functools
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rex_auth_edge.client import device
from rex_auth_edge.client.folder import Folder
from rex_auth_edge.client.keys import load_or_make
from rex_auth_edge.client.known import Household, Known
from rex_auth_edge.client.limits import limits_of
from rex_auth_edge.client.line import Line, Pin
from rex_auth_edge.client.reasons import HubError, NotPairedError, TokenRefusedError
from rex_auth_edge.client.talk import METADATA, PAIRED, Talk, path_of
from rex_auth_edge.client.tokens import Tokens
from rex_auth_edge.client.verify import PEOPLE_ISSUER, Verifier

if TYPE_CHECKING:
    from rex_auth_edge.client.pair import Ask, Wish
    from rex_auth_edge.client.persons import Persons

_SHORT = 15 * 60_000
_OFTEN, _SELDOM = 60, 3_600

_log = logging.getLogger(__name__)


class Hub:
    """The hub that this device is paired with. Nothing is asked of it but where that raises HubError.

    For many threads. Everything is kept in one folder, which belongs to the device's program alone.
    """

    def __init__(self, path: Path | str) -> None:
        """Open a paired device's folder. Raises NotPairedError, OSError, OpenToOthersError."""
        self._folder = Folder(Path(path))
        facts = self._folder.read_json(PAIRED)
        if not facts:
            raise NotPairedError(f"The device with the folder {path} isn't paired yet: pair it with a hub.")
        issuer, self.tenant_id, status_uri = facts["household"]
        self.device_id, secret = facts["client"]
        self.kind = facts["kind"] or "other"
        self.known = Known(self._folder, Household(issuer, self.tenant_id, status_uri), device.clock())
        clock = self.known.clock
        self._line = Line(Pin.of(facts["pin"]), lambda: clock.now().earliest)
        key = load_or_make(self._folder)
        self._talk = Talk(self._line, key, lambda: clock.now().earliest // 1_000, facts["metadata"])
        self._client = (self.device_id, secret)
        self._tokens = Tokens(self._folder, self.known, self._talk, self._client)

    @classmethod
    def pair(cls, path: Path | str, uri: str, *, doorway: int = 80) -> "Hub":
        """Pair by the text of an owner's QR code; `doorway` is the port of the hub's plain HTTP. Raises HubError."""
        from rex_auth_edge.client.pair import scan  # noqa: PLC0415 - once in a device's life

        scan(Folder(Path(path)), uri, doorway)
        return cls(path)

    @classmethod
    def ask(cls, path: Path | str, pin: Pin, wish: "Wish") -> "Ask":
        """Ask for a code that a person types on their phone (RFC 8628); then `wait` and open the folder. HubError."""
        from rex_auth_edge.client.pair import ask  # noqa: PLC0415

        return ask(Folder(Path(path)), pin, wish, "grant")

    @classmethod
    def ask_by_words(cls, path: Path | str, pin: Pin, wish: "Wish") -> "Ask":
        """Ask with six words, to be compared at both sides; then `wait` and open the folder. Raises HubError."""
        from rex_auth_edge.client.pair import ask  # noqa: PLC0415

        return ask(Folder(Path(path)), pin, wish, "window")

    def token(self, scope: str | None = None) -> str:
        """An access token for this device, renewed where that is due. Raises HubError."""
        return self._tokens.get(scope)

    def act_for(self, person: str, scope: str | None = None) -> str:
        """A token that names this device and the person (username or id) whom it has recognised. Raises HubError.

        A refusal's `say` is for whoever stands here. Needs the scope `hub.act`.
        """
        return self._persons.recognised(person, scope)

    def confirm(
        self,
        person: str,
        scope: str,
        message: str | None = None,
        *,
        told: Callable[[str], object] = lambda _: None,
        expiry: int | None = None,
        pause: Callable[[float], object] = device.wait,
    ) -> str:
        """Ask the person to confirm this on their phone, and wait for the token that says so. Raises HubError.

        `told` is given what to say first, `message` is shown on the phone, `expiry` is in seconds (60 to 300).
        """
        from rex_auth_edge.client.persons import Wish as Confirmation  # noqa: PLC0415 - only who acts for people

        if "backchannel_authentication_endpoint" not in self._talk.metadata:  # paired before the hub knew how
            self._talk.metadata = self._line.get(METADATA).good().json()
        return self._persons.confirmed(Confirmation(person, scope, message, expiry), told, pause)

    @functools.cached_property
    def _persons(self) -> "Persons":
        from rex_auth_edge.client.persons import Persons  # noqa: PLC0415 - only who acts for people

        return Persons(self._talk, self._client, self.known.clock)

    def headers(
        self, method: str, url: str, *, scope: str | None = None, nonce: str | None = None, token: str | None = None
    ) -> dict[str, str]:
        """What a request to another service at home bears: the token, and the proof of its key (RFC 9449).

        The device's own token, or `token`, one for a person.
        """
        token = token or self.token(scope)
        proof = self._talk.key.dpop(method, url, self.known.clock.now().earliest // 1_000, nonce, token)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def verifier(self, kind: str | None = None, *, people: str | None = PEOPLE_ISSUER) -> Verifier:
        """Checks others' tokens without the hub, by the limits of a kind of device; its own without one."""
        return Verifier(self.known, limits_of(kind or self.kind), people)

    def refresh(self) -> None:
        """Fetch keys and the list of ended tokens, and once in a boot the time. Raises HubError, TokenRefusedError."""
        short = limits_of(self.kind).status <= _SHORT
        status = path_of(self.known.household.status_uri.partition("?")[0])
        jwks = self._line.get(path_of(str(self._talk.metadata["jwks_uri"]))).good().json()
        listed = self._line.get(status + ("?kind=lock" if short else "")).good().body.decode("ascii", "replace")
        self.known.adopt(jwks, listed)
        if not self.known.clock.sure:
            self._tokens.renew(None)

    def keep(self, stop: threading.Event) -> None:
        """Refresh until `stop` is set, in a thread of the program's own. What fails is logged and tried again."""
        while not stop.is_set():
            try:
                self.refresh()
                self._tokens.get(None)
            except (HubError, TokenRefusedError, OSError) as error:
                _log.warning("The hub: %s", error)
            stop.wait(self.pause())

    def pause(self) -> float:
        """Seconds until the hub should be asked again: as it wishes, and often enough for this kind."""
        listed = self.known.list
        wished = _OFTEN if listed is None else listed.refresh // 1_000
        return max(_OFTEN, min(wished, limits_of(self.kind).status // 3_000, _SELDOM))

    def distrust_time(self) -> None:
        """Where the hub has signed a wrong time (it was in 2099 once): forget time and list, then `refresh`."""
        self.known.distrust_time()
        self._tokens.forget()
