"""Others' tokens are verified with no hub in reach, and each refusal has its own reason."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from rex_auth_edge.client import jose, levels
from rex_auth_edge.client.reasons import Reason, TokenRefusedError
from rex_auth_edge.client.shown import Proof
from rex_auth_edge.keys.options import Algorithm
from tests.client.homes import DEVICE, HOUR, MINUTE, TODAY, URI, Device, Home, new_key, tampered

YEAR_2099 = 4_070_908_800_000


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """A tablet that has met its hub once."""
    return Device(Home(), tmp_path / "device")


def refused(device: Device, token: str, **demands: Any) -> Reason:
    """Why a token is refused."""
    with pytest.raises(TokenRefusedError) as caught:
        device.verifier.check(token, **demands)
    assert token not in str(caught.value)
    return caught.value.reason


def good(device: Device, token: str, **demands: Any) -> bool:
    """Whether a token is accepted."""
    return bool(device.verifier.check(token, **demands).claims)


def test_a_good_token(device: Device) -> None:
    """It says who holds it and what it allows; a program that starts again knows as much."""
    token = device.home.token()
    for _ in range(2):
        holder = device.verifier.check(token, scope="door.open")
        assert (holder.subject, holder.client, holder.scopes) == (DEVICE, DEVICE, frozenset({"lights", "door.open"}))
        device.start()
    acting = device.verifier.check(device.home.token(sub="maya", act={"sub": "speaker"}))
    assert (acting.subject, acting.actor) == ("maya", "speaker")


def test_how_sure_it_is_of_the_person(device: Device) -> None:
    """Who asks for a level gets that one or a higher one; behind a device's own token or a pass there is nobody."""
    voice, confirmed = levels.VOICE, levels.CONFIRMED
    low, high = (device.home.token(sub="maya", act={"sub": DEVICE}, acr=acr) for acr in (voice, confirmed))
    assert device.verifier.check(low, acr=voice).acr == voice
    assert good(device, high, acr=voice)
    assert good(device, high, acr=confirmed)
    assert good(device, device.home.person(), acr=confirmed)
    for token in (low, device.home.token(), device.home.token(acr="urn:else:higher"), device.home.token(acr=["x"])):
        assert refused(device, token, acr=confirmed) is Reason.ACR
    assert refused(device, device.home.token(), acr=voice) is Reason.ACR
    with pytest.raises(ValueError, match="highest"):
        device.verifier.check(low, acr="highest")


def test_a_hub_that_signs_by_eddsa(tmp_path: Path) -> None:
    """Both algorithms of hubs are verified, each only with a key of its kind."""
    device = Device(Home(key=new_key(Algorithm.EDDSA)), tmp_path / "device")
    assert good(device, device.home.token())
    assert refused(device, tampered(device.home.token())) is Reason.SIGNATURE
    disguised = Home(device.home.body).signed("at+jwt", device.home.claims(), kid=device.home.key.kid)
    assert refused(device, disguised) is Reason.KEY


FORGED: dict[Reason, Callable[[Home], str]] = {
    Reason.ISSUER: lambda home: home.token(iss="https://rex-aaaaaaaa.local"),
    Reason.AUDIENCE: lambda home: home.token(aud="rex-platform"),
    Reason.TYPE: lambda home: home.signed("JWT", home.claims()),
    Reason.ALGORITHM: lambda home: jwt.encode(
        home.claims(), hashlib.sha256(b"public").digest(), "HS256", {"typ": "at+jwt", "kid": home.key.kid}
    ),
    Reason.KEY: lambda home: Home(home.body).token(),
    Reason.SIGNATURE: lambda home: tampered(home.token()),
    Reason.NOT_YET_VALID: lambda home: home.token(nbf=home.body.true // 1_000 + 60),
    Reason.EXPIRED: lambda home: home.token(0),
    Reason.HOUSEHOLD: lambda home: home.token(tenant_id="01a208a2-0000-7c10-84f5-e08038d4e444"),
    Reason.MALFORMED: lambda home: home.token().rpartition(".")[0],
    Reason.SCOPE: lambda home: home.token(scope="lights"),
}  # fmt: skip


@pytest.mark.parametrize("reason", FORGED)
def test_each_refusal_has_its_reason(device: Device, reason: Reason) -> None:
    """Whatever is wrong with a token is told apart from whatever else could be."""
    assert refused(device, FORGED[reason](device.home), scope="door.open") is reason


@pytest.mark.parametrize("field", ["jwk", "jku", "x5u", "none", "crit", "kid"])
def test_a_header_chooses_no_key(device: Device, field: str) -> None:
    """`jwk`, `jku` and `x5u` of a token are read by nobody; `alg: none` and `crit` don't pass."""
    thief = Home(device.home.body)
    foreign = {"jwk": thief.key.jwk(), "jku": "http://127.0.0.1/k", "x5u": "http://127.0.0.1/c", "crit": ["exp"]}
    if field == "none":
        empty = jwt.encode(thief.claims(), "", algorithm="none", headers={"typ": "at+jwt", "kid": thief.key.kid})
        assert refused(device, empty) in {Reason.ALGORITHM, Reason.MALFORMED}
        return
    head: dict[str, Any] = {"kid": device.home.key.kid} if field == "kid" else {field: foreign[field]}
    assert refused(device, thief.signed("at+jwt", thief.claims(), **head)) in {
        Reason.KEY, Reason.SIGNATURE, Reason.MALFORMED,
    }  # fmt: skip


def test_people(device: Device) -> None:
    """A person's own token is good too, until the list names its session; elsewhere than here it isn't."""
    token = device.home.person()
    assert device.verifier.check(token, scope="lights").client is None
    assert refused(device, device.home.person(aud="rex-home")) is Reason.AUDIENCE
    device.home.sessions, device.home.version = ["session-1"], 2
    device.meet()
    assert refused(device, token) is Reason.REVOKED


def test_a_revocation_arrives_with_the_list(device: Device) -> None:
    """What the hub has ended is refused from the moment the device has the list, and after a restart."""
    token = device.home.token()
    device.home.ended, device.home.version = {7}, 2
    assert good(device, token)
    device.meet()
    assert refused(device, token) is Reason.REVOKED
    device.start()
    assert refused(device, token) is Reason.REVOKED


def test_a_list_that_falls_back(device: Device, tmp_path: Path) -> None:
    """An older list replaces none, be it the hub's or an older copy of the disk, and the reason says what happened."""
    old = (tmp_path / "device" / "known.json").read_bytes()
    device.home.ended, device.home.version = {7}, 2
    device.meet()
    device.home.ended, device.home.version = set(), 1
    with pytest.raises(TokenRefusedError) as caught:
        device.meet()
    assert caught.value.reason is Reason.LIST_ROLLED_BACK
    assert refused(device, device.home.token()) is Reason.REVOKED
    (tmp_path / "device" / "known.json").write_bytes(old)
    device.start()
    assert refused(device, device.home.token()) is Reason.LIST_ROLLED_BACK


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"sub": URI.replace("01a208a2-7", "01a208a2-8")}, Reason.HOUSEHOLD),
        ({"status_list": {"bits": 2, "lst": "eNoDAAAAAAE"}}, Reason.MALFORMED),
        ({"status_list": {"bits": 1, "lst": "eNoD"}}, Reason.MALFORMED),
    ],
)
def test_a_wrong_list(device: Device, wrong: dict[str, Any], reason: Reason) -> None:
    """A list of another household, or one that is none, changes nothing."""
    with pytest.raises(TokenRefusedError) as caught:
        device.known.adopt(device.home.jwks(), device.home.listed(ver=9, **wrong))
    assert caught.value.reason is reason
    assert good(device, device.home.token())


def test_a_list_on_disk_is_verified_again(device: Device, tmp_path: Path) -> None:
    """Somebody who edits the list on disk gets nothing for it, nor does a disk that lost half of it."""
    path = tmp_path / "device" / "known.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"status": Home(device.home.body, version=9).listed()}))
    device.start()
    assert refused(device, device.home.token()) is Reason.LIST_STALE
    path.write_text(path.read_text()[:100])
    device.start()
    assert refused(device, device.home.token()) is Reason.KEY


def test_a_place_that_the_list_lacks(device: Device) -> None:
    """Of a token newer than the list nothing is known: it is refused until there is a newer list."""
    place = {"status_list": {"idx": 5000, "uri": URI}}
    assert refused(device, device.home.token(status=place)) is Reason.LIST_STALE
    assert refused(device, device.home.token(status={})) is Reason.MALFORMED


def test_limits_by_kind(tmp_path: Path) -> None:
    """A lock goes by a list of 15 minutes and an hour offline, a lamp by a day and three."""
    for kind, stale, offline in (("lock", 15 * MINUTE, HOUR), ("lamp", 24 * HOUR, 72 * HOUR)):
        device = Device(Home(), tmp_path / kind, kind)
        token = device.home.token(100 * HOUR)
        device.home.body.advance(stale - 1)
        assert good(device, token)
        device.home.body.advance(1)
        assert refused(device, token) is Reason.LIST_STALE
        device.home.body.advance(offline - stale + 1)
        assert refused(device, token) is Reason.TOO_LONG_OFFLINE
        device.meet()
        assert good(device, token)


@pytest.mark.parametrize("wall", [0, TODAY - HOUR, YEAR_2099])
def test_a_wrong_clock_extends_nothing(device: Device, wall: int) -> None:
    """With the device's clock in 1970, an hour back or in 2099, a token ends no later than it says."""
    device.meet(told=True)
    token, later = device.home.token(), device.home.token(2 * HOUR, nbf=TODAY // 1_000 + 1_800)
    device.home.body.wall = wall
    assert good(device, token)
    assert refused(device, later) is Reason.NOT_YET_VALID
    device.home.body.advance(30 * MINUTE)
    assert good(device, later)
    device.home.body.advance(30 * MINUTE)
    assert refused(device, token) is Reason.EXPIRED


def test_over_a_reboot(device: Device) -> None:
    """After a reboot into 1970 time goes on from what was written down; a clock in 2099 only makes it end earlier."""
    token = device.home.token()
    device.home.body.advance(50 * MINUTE)
    assert good(device, token)
    device.home.body.reboot(0)
    device.start()
    device.home.body.advance(9 * MINUTE)
    assert good(device, token)
    device.home.body.advance(MINUTE)
    assert refused(device, token) is Reason.EXPIRED
    device.home.body.wall = YEAR_2099
    assert refused(device, device.home.token()) is Reason.EXPIRED


def test_a_token_tells_the_time(device: Device) -> None:
    """What the hub has signed was signed at a time that has come: an older token is judged by it."""
    old = device.home.token()
    device.home.body.reboot(0, off=2 * HOUR)
    device.start()
    assert good(device, old)
    assert good(device, device.home.token())
    assert refused(device, old) is Reason.EXPIRED


def test_time_that_was_signed_wrongly(device: Device) -> None:
    """A hub that was in 2099 once makes everything expire, until somebody says that this time is wrong."""
    device.home.body.true, true = YEAR_2099, device.home.body.true
    assert refused(device, device.home.token()) is Reason.TOO_LONG_OFFLINE
    device.home.body.true = true
    assert refused(device, device.home.token()) is Reason.EXPIRED
    device.known.distrust_time()
    device.meet()
    assert good(device, device.home.token())


def test_a_token_bound_to_a_key(device: Device) -> None:
    """It is good only with a proof by that key, for this request and with a nonce of ours, once."""
    key = new_key()
    jwk = {name: value for name, value in key.jwk().items() if name in {"kty", "crv", "x", "y"}}
    token = device.home.token(cnf={"jkt": jose.thumbprint(jwk)})
    digest = jose.text(hashlib.sha256(token.encode()).digest())

    def proof(signer: Any = key, **claims: Any) -> Proof:
        said = {"jti": "1", "htm": "POST", "htu": "http://lock/open", "iat": 0, "ath": digest} | claims
        shown = jose.sign({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}, said, signer.private)
        return Proof(shown, "POST", "http://lock/open")

    shown_once = proof(nonce=device.verifier.challenge())
    assert good(device, token, proof=shown_once)
    assert refused(device, token, proof=shown_once) is Reason.PROOF
    assert refused(device, token) is Reason.PROOF
    for wrong in ({"htu": "http://lock/close"}, {"htm": "GET"}, {"ath": "x"}, {"signer": new_key()}, {"nonce": "mine"}):
        shown = proof(**({"nonce": device.verifier.challenge()} | wrong))
        assert refused(device, token, proof=shown) is Reason.PROOF
    late = device.verifier.challenge()
    device.home.body.advance(5 * MINUTE)
    assert refused(device, token, proof=proof(nonce=late)) is Reason.PROOF


def test_a_disk_that_is_full(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where time can't be written down, tokens are still decided on."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rex_auth_edge.client.folder.Folder.put", full)
    device.home.body.advance(10 * MINUTE)
    assert good(device, device.home.token())
