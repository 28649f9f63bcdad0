"""A device is let in, keeps its tokens renewed, and goes on while the hub is away."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rex_auth_edge.client import (
    Hub,
    HubRefusedError,
    HubUnreachableError,
    NotPairedError,
    NotTheHubError,
    Reason,
    TokenRefusedError,
    Wish,
)
from rex_auth_edge.client import device as clocks
from rex_auth_edge.client.folder import Folder, OpenToOthersError
from rex_auth_edge.client.line import Line, Pin
from rex_auth_edge.client.pin import BadInvitationError, Invitation
from tests.client.counter import Counter, open_counter
from tests.client.homes import DEVICE, HOUR, MINUTE, TENANT, Body, Home


@pytest.fixture
def body(monkeypatch: pytest.MonkeyPatch) -> Body:
    """The device's clocks: its wall clock is in 1970."""
    made = Body(wall=0)
    monkeypatch.setattr(clocks, "clock", lambda: made)
    return made


@pytest.fixture
def counter(body: Body) -> Iterator[Counter]:
    """A hub's side."""
    with open_counter(Home(body)) as made:
        made.codes["claim"] = []
        yield made


def newer(hub: Hub) -> tuple[dict[str, Any], str]:
    """Keys and a list of a version that another hub's list is far from."""
    household = hub.known.household
    home = Home(version=900)
    return home.jwks(), home.listed(iss=household.issuer, sub=household.status_uri)


@pytest.fixture
def paired(counter: Counter, tmp_path: Path) -> Hub:
    """A device that was let in."""
    return Hub.pair(tmp_path / "device", counter.invitation("claim"))


def test_scanned(counter: Counter, paired: Hub, tmp_path: Path) -> None:
    """With its clock in 1970 a device pairs by QR code: the code is good once, its key stays with it (0600)."""
    assert (paired.device_id, paired.tenant_id, paired.kind) == (DEVICE, TENANT, "tablet")
    for file in (tmp_path / "device").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "device").stat().st_mode) == 0o700
    with pytest.raises(HubRefusedError, match="invalid_grant"):
        Hub.pair(tmp_path / "other", counter.invitation("claim"))
    with pytest.raises(NotPairedError):
        Hub(tmp_path / "other")
    assert paired.verifier().check(counter.token()).client == DEVICE


def test_a_code_to_type(counter: Counter, tmp_path: Path) -> None:
    """The device shows a code and polls at the pace that it is told, also where the hub asks it to slow down."""
    counter.codes["slow"] = ["authorization_pending", "slow_down", "authorization_pending"]
    asked = Hub.ask(tmp_path / "device", counter.pin, Wish("Kitchen tablet", "tablet", ("lights",)))
    assert (asked.user_code, asked.uri) == ("BCDF-GHJK", f"{counter.issuer}/pair")
    assert "slow" not in repr(asked)
    waited: list[float] = []
    asked.wait(pause=waited.append)
    assert waited == [5, 5, 10, 10]
    assert Hub(tmp_path / "device").device_id == DEVICE


@pytest.mark.parametrize("said", ["access_denied", "expired_token"])
def test_nobody_lets_it_in(counter: Counter, tmp_path: Path, said: str) -> None:
    """A refusal ends the waiting at once; silence ends it when the code does."""
    counter.codes["slow"] = (
        ["authorization_pending", said] if said == "access_denied" else ["authorization_pending"] * 99
    )
    asked = Hub.ask(tmp_path / "device", counter.pin, Wish("Kitchen tablet"))
    with pytest.raises(HubRefusedError) as caught:
        asked.wait(pause=lambda _: None)
    assert caught.value.code == said


def test_six_words(counter: Counter, tmp_path: Path) -> None:
    """They hang on the hub's CA, the device's key and the asking; another key has others."""
    counter.codes["slow"] = []
    first, other = (Hub.ask_by_words(tmp_path / name, counter.pin, Wish("Lamp", "lamp")) for name in "ab")
    assert len(first.compare) == 6
    assert first.compare != other.compare
    first.wait(pause=lambda _: None)
    assert Hub(tmp_path / "a").device_id == DEVICE


def test_tokens_are_kept_and_renewed(counter: Counter, paired: Hub, body: Body, tmp_path: Path) -> None:
    """One token serves until a third of its life is left, by the boot clock, over a restart too, whatever the nonce."""
    first = paired.token()
    body.wall += 10 * HOUR
    body.advance(39 * MINUTE)
    assert paired.token() == Hub(tmp_path / "device").token() == first
    assert counter.log == []
    body.advance(2 * MINUTE)
    counter.nonce = "nonce-2"
    assert paired.token() != first
    assert counter.log == ["client_credentials"]


def test_a_refresh_token(counter: Counter, body: Body, tmp_path: Path) -> None:
    """Where the hub gives one, it is used and replaced; where it has ended, the device's key goes on."""
    counter.refresh = "r"
    hub = Hub.pair(tmp_path / "device", counter.invitation("claim"))
    for expected in (["refresh_token"], ["refresh_token"] * 2, ["refresh_token"] * 3 + ["client_credentials"]):
        body.advance(50 * MINUTE)
        if len(expected) > 2:
            counter.refresh = "another"
        assert hub.token()
        assert counter.log == expected


def test_the_hub_goes_and_comes_back(body: Body, tmp_path: Path) -> None:
    """While the hub is away tokens are verified and its own used up; back with a revocation, the device has it."""
    home = Home(body)
    with open_counter(home, codes={"claim": []}) as counter:
        hub = Hub.pair(tmp_path / "device", counter.invitation("claim"))
    token, verifier = counter.token(), hub.verifier()
    with pytest.raises(HubUnreachableError):
        hub.refresh()
    body.advance(50 * MINUTE)
    assert hub.token()
    assert verifier.check(token).client == DEVICE
    body.advance(20 * MINUTE)
    with pytest.raises(HubUnreachableError):
        hub.token()
    home.ended, home.version = {7}, 2
    with open_counter(home, counter.port, keys=counter.keys) as back:
        token = back.token()
        assert verifier.check(token).client == DEVICE
        hub.refresh()
    with pytest.raises(TokenRefusedError) as caught:
        Hub(tmp_path / "device").verifier().check(token)
    assert caught.value.reason is Reason.REVOKED


def test_the_time_is_asked_for_once_in_a_boot(counter: Counter, paired: Hub, body: Body, tmp_path: Path) -> None:
    """After a reboot into 2099 nothing is good until the hub has told the time; then everything is as it was."""
    body.reboot(4_070_908_800_000)
    hub = Hub(tmp_path / "device")
    verifier = hub.verifier()
    with pytest.raises(TokenRefusedError) as caught:
        verifier.check(counter.token())
    assert caught.value.reason is Reason.EXPIRED
    hub.refresh()
    assert verifier.check(counter.token()).client == DEVICE
    hub.refresh()
    assert counter.log == ["client_credentials"]


def test_a_hub_that_cannot_answer(counter: Counter, paired: Hub, body: Body) -> None:
    """While the hub says 503 a token that is alive goes on; then the caller is told to try again."""
    token = paired.token()
    counter.broken = True
    body.advance(50 * MINUTE)
    assert paired.token() == token
    body.advance(20 * MINUTE)
    with pytest.raises(HubUnreachableError, match="try again"):
        paired.token()
    with pytest.raises(HubUnreachableError):
        paired.refresh()


def test_moving_to_another_household(paired: Hub, body: Body, tmp_path: Path) -> None:
    """Paired with another hub, the device goes by that one's list and tokens, whatever it knew of the first."""
    old = paired.token()
    paired.known.adopt(*newer(paired))
    with open_counter(Home(body), codes={"claim": []}) as other:
        hub = Hub.pair(tmp_path / "device", other.invitation("claim"))
        hub.refresh()
        assert hub.token() != old
        assert hub.verifier().check(other.token()).client == DEVICE


def test_removed(counter: Counter, paired: Hub, body: Body) -> None:
    """A device that the hub no longer knows is told so, in words that help."""
    counter.removed = True
    body.advance(HOUR)
    with pytest.raises(NotPairedError, match="ask an owner"):
        paired.token()


def test_a_request_to_others(paired: Hub) -> None:
    """What it shows to other services at home is its token with a proof of its key."""
    shown = paired.headers("POST", "http://127.0.0.1/open?now=1", nonce="theirs")
    assert shown["Authorization"] == f"DPoP {paired.token()}"
    assert shown["DPoP"].count(".") == 2


@pytest.mark.parametrize(
    "uri",
    ["", "https://example.com", "rex://pair", "rex://pair?h=a&p=1&c=s3cret&f=AAAA", "rex://pair?h=a&p=x&c=s3cret",
        "rex://pair?h=a&p=1&c=s3cret&a=hub.example",
     "rex://other?h=a&p=1&c=s3cret", "rex://pair?h=a&p=443&a=127.0.0.1"],
)  # fmt: skip
def test_a_bad_qr_code(uri: str, tmp_path: Path) -> None:
    """It is told to people without its secret."""
    with pytest.raises(BadInvitationError) as caught:
        Hub.pair(tmp_path / "device", uri)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(Invitation("h", 1, (), None, "s3cret"))


def test_in_the_clear_on_this_machine_only() -> None:
    """Without a fingerprint nothing is sent to another machine."""
    with pytest.raises(NotTheHubError):
        Line(Pin("hub.local", 80, ("192.0.2.1",), None), lambda: 0).get("/")


def test_a_key_that_others_can_read(counter: Counter, paired: Hub, tmp_path: Path) -> None:
    """It isn't used, and the sentence says what to do; the key's file is whole after whatever."""
    (tmp_path / "device" / "key.pem").chmod(0o644)
    with pytest.raises(OpenToOthersError, match="chmod 600"):
        Hub(tmp_path / "device")
    folder = Folder(tmp_path / "device")
    (tmp_path / "device" / ".x.json.new").write_text("half")
    folder.put_json("x.json", {"a": 1})
    assert json.loads((tmp_path / "device" / "x.json").read_text()) == {"a": 1}
