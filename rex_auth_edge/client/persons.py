"""Acting for people: tokens for those whom this device has recognised, and asking them to confirm what needs more."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rex_auth_edge.client.clock import DeviceClock
from rex_auth_edge.client.reasons import HubRefusedError, HubUnreachableError
from rex_auth_edge.client.talk import Talk

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_CIBA = "urn:openid:params:grant-type:ciba"
_RECOGNISED = "urn:rex:token-type:recognised"
_SLOWER, _SLOWEST = 5, 60
_LATE = "Nobody answered on the phone in time, so I won't do it. Just ask me again."


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person is to confirm: `scope` with spaces, `message` as the phone shows it; `expiry` in seconds."""

    person: str
    scope: str
    message: str | None = None
    expiry: int | None = None

    def form(self) -> dict[str, str]:
        """CIBA section 7.1."""
        more = {"binding_message": self.message, "requested_expiry": None if self.expiry is None else str(self.expiry)}
        return {"login_hint": self.person, "scope": self.scope} | {name: text for name, text in more.items() if text}


@dataclass(slots=True)
class Persons:
    """Tokens for people, kept in memory alone. For many threads."""

    talk: Talk
    client: tuple[str, str | None]
    clock: DeviceClock
    _held: dict[tuple[str, str | None], tuple[str, int]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def recognised(self, person: str, scope: str | None) -> str:
        """A token for whom was recognised; the one held, while a third of its life is left. Raises HubError."""
        now = self.clock.now().boot
        with self._lock:
            self._held = {whose: held for whose, held in self._held.items() if held[1] > now}
            found = self._held.get((person, scope))
            return found[0] if found else self._exchanged(person, scope, now)

    def _exchanged(self, person: str, scope: str | None, now: int) -> str:
        form = {"grant_type": _EXCHANGE, "subject_token": person, "subject_token_type": _RECOGNISED}
        said = self._token(form if scope is None else form | {"scope": scope})
        self._held[person, scope] = str(said["access_token"]), now + int(said.get("expires_in", 0)) * 2_000 // 3
        return str(said["access_token"])

    def confirmed(self, wish: Wish, told: Callable[[str], object], pause: Callable[[float], object]) -> str:
        """Ask the person on their phone, tell whoever stands here to look at it, and wait. Raises HubError."""
        said = self.talk.post("backchannel_authentication_endpoint", wish.form(), self.client)
        told(str(said.get("say", "")))
        form = {"grant_type": _CIBA, "auth_req_id": str(said["auth_req_id"])}
        left, interval = int(said["expires_in"]), int(said.get("interval", 5))
        while left > 0:
            pause(interval)
            left -= interval
            try:
                return str(self._token(form)["access_token"])
            except HubRefusedError as refused:
                interval += _slower(refused)
            except HubUnreachableError:
                interval = min(2 * interval, _SLOWEST)
        raise HubRefusedError("expired_token", "The person hasn't answered in time.", say=_LATE)

    def _token(self, form: Mapping[str, str]) -> dict[str, Any]:
        return self.talk.post("token_endpoint", form, self.client)


def _slower(refused: HubRefusedError) -> int:
    """By how many seconds to poll more slowly; raises what is final."""
    if refused.code not in {"authorization_pending", "slow_down"}:
        raise refused
    return _SLOWER if refused.code == "slow_down" else 0
