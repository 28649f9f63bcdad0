"""Being let in by a hub in three ways: by its QR code, by a code that a person types, by words that people compare.

All three end alike: the token endpoint gives the device's first token for a code, to whoever holds the device's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rex_auth_edge.client import device, jose
from rex_auth_edge.client.clock import DeviceClock
from rex_auth_edge.client.folder import Folder
from rex_auth_edge.client.keys import load_or_make
from rex_auth_edge.client.known import KNOWN, MARK, Household, Known, keys_of
from rex_auth_edge.client.line import Line, Pin
from rex_auth_edge.client.pin import Invitation, fingerprint
from rex_auth_edge.client.reasons import HubRefusedError, HubUnreachableError, NotTheHubError, TokenRefusedError
from rex_auth_edge.client.talk import PAIRED, Talk, path_of
from rex_auth_edge.client.tokens import TOKENS, Tokens
from rex_auth_edge.client.verify import HOME

CLIENT = "rex-device"
"""The public client under which whoever isn't known yet asks (RFC 8628 section 3.1)."""
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER = 5
_SLOWEST = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """What a device says of itself, for people to read before they let it in, and which scopes it asks for.

    `household` is a slug, where the hub has several.
    """

    name: str
    kind: str = "other"
    scopes: tuple[str, ...] = ()
    room: str | None = None
    household: str | None = None

    def form(self) -> dict[str, str]:
        """As it is sent."""
        said = {"client_id": CLIENT, "name": self.name, "kind": self.kind, "scope": " ".join(self.scopes)}
        more = {"room": self.room, "tenant": self.household}
        return said | {name: value for name, value in more.items() if value}


class Pairing:
    """One device's pairing with one hub, from the key to the first token."""

    def __init__(self, folder: Folder, pin: Pin) -> None:
        self.folder = folder
        self.pin = pin
        self.key = load_or_make(folder)
        self._read = device.clock()
        clock = DeviceClock(self._read, folder.read_json(MARK))
        self._line = Line(pin, lambda: clock.now().earliest)
        self.talk = Talk.begin(self._line, self.key, lambda: clock.now().earliest // 1_000)

    def redeem(self, code: str) -> None:
        """Ask for the first token, once, and keep what came. Raises HubError."""
        form = {"grant_type": DEVICE_CODE, "device_code": code, "client_id": CLIENT}
        self._keep(self.talk.post("token_endpoint", form, None))

    def _keep(self, answer: Mapping[str, Any]) -> None:
        """Believe the answer only as far as the hub's own keys have signed it; `hub.json` is written last."""
        jwks = self._line.get(path_of(str(self.talk.metadata["jwks_uri"]))).good().json()
        try:
            claims = jose.authenticate(jose.parse(str(answer["access_token"])), "at+jwt", keys_of(jwks))
            uri = str(claims["status"]["status_list"]["uri"])
            household = Household(self.talk.issuer, str(claims["tenant_id"]), uri)
            if (claims["iss"], claims["aud"]) != (household.issuer, HOME):
                raise NotTheHubError("The hub has given a token that isn't its own for devices.")
        except (TokenRefusedError, KeyError, TypeError) as error:
            raise NotTheHubError("The hub has given something that is no token of its own.") from error
        self._clear(household)
        known = Known(self.folder, household, self._read)
        known.adopt(jwks, self._line.get(path_of(uri)).good().body.decode())
        client = (str(claims["client_id"]), answer.get("client_secret"))
        Tokens(self.folder, known, self.talk, client).keep(answer, None)
        facts = {
            "pin": self._line.pin.facts(), "metadata": dict(self.talk.metadata), "client": client,
            "household": household.facts(), "kind": claims.get("kind"),
        }  # fmt: skip
        self.folder.put_json(PAIRED, facts)

    def _clear(self, household: Household) -> None:
        """Tokens of before are void; another household's time and list mean nothing to this one."""
        self.folder.drop(TOKENS)
        if self.folder.read_json(PAIRED).get("household") != household.facts():
            self.folder.drop(KNOWN)
            self.folder.drop(MARK)


@dataclass
class Ask:
    """Somebody has to let the device in. What to show or say is here; `wait` returns once it has happened.

    `user_code` and `words` are the same code for typing and for speaking, to be entered at `uri`; `say` is a sentence
    with them, for a voice. `compare` are six
    words that the hub shows as well, of a device that asked while a window was open.
    """

    pairing: Pairing
    user_code: str | None
    words: str | None
    uri: str | None
    uri_complete: str | None
    say: str | None
    compare: tuple[str, ...]
    expires_in: int
    interval: int
    _code: str = field(repr=False)

    def wait(self, *, pause: Any = device.wait) -> None:
        """Poll until a person has decided (RFC 8628 section 3.5); `pause` waits for so many seconds.

        With six words, call this only once whoever stands at the device has said that they agree: it is the device's
        own check that this is the right hub. Raises HubRefusedError (`access_denied`, `expired_token`), HubError.
        """
        left = self.expires_in
        while left > 0:
            pause(self.interval)
            left -= self.interval
            try:
                self.pairing.redeem(self._code)
            except HubRefusedError as refused:
                self._go_on(refused)
            except HubUnreachableError:
                self.interval = min(2 * self.interval, _SLOWEST)
            else:
                return
        raise HubRefusedError("expired_token", "Nobody has let the device in in time: ask again.")

    def _go_on(self, refused: HubRefusedError) -> None:
        if refused.code == "slow_down":
            self.interval += _SLOWER
        elif refused.code != "authorization_pending":
            raise refused


def scan(folder: Folder, uri: str, doorway: int) -> None:
    """Pair by what an owner's QR code says. Raises HubError."""
    invitation = Invitation.read(uri)
    Pairing(folder, invitation.pin(doorway)).redeem(invitation.code)


def ask(folder: Folder, pin: Pin, wish: Wish, way: str) -> Ask:
    """Ask to be let in while an owner's window is open: `way` is `grant` (a code to type) or `window` (six words).

    Raises HubError.
    """
    pairing = Pairing(folder, pin)
    said = pairing.talk.post("device_authorization_endpoint", wish.form() | {"way": way}, None)
    compare: tuple[str, ...] = ()
    if way == "window":
        from rex_auth_edge.domain.words import compared  # noqa: PLC0415 - only this way of pairing needs the list

        compare = compared(fingerprint(pin), pairing.key.thumbprint, str(said["nonce"]))
    return Ask(
        pairing,
        said.get("user_code"),
        said.get("verification_words"),
        said.get("verification_uri"),
        said.get("verification_uri_complete"),
        said.get("say"),
        compare,
        int(said.get("expires_in", 300)),
        int(said.get("interval", 5)),
        str(said["device_code"]),
    )
