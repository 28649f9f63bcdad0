"""Access tokens: what is accepted is what we have signed, byte for byte, and nothing else."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.keys.options import Algorithm
from rex_auth_edge.keys.tokens import LONGEST, AccessTokens, TokenExpiredError, TokenInvalidError
from tests.doubles import HandClock, SeededEntropy
from tests.keys.signing import LIFE, SESSION, SHARED, TENANT, USER, Desk, options_for, segment

ALGORITHMS = pytest.mark.parametrize("algorithm", Algorithm)
same_desk = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def desk(clock: HandClock) -> Desk:
    """A hub's tokens, ES256."""
    return Desk(clock)


def refused(desk: Desk, token: str) -> None:
    """The token is refused as invalid, and not by another exception."""
    with pytest.raises(TokenInvalidError):
        desk.tokens.verify(token, desk.clock.now())


@ALGORITHMS
def test_what_is_minted_verifies(clock: HandClock, algorithm: Algorithm) -> None:
    """A token says whose it is, until exactly the second that it expires in."""
    desk = Desk(clock, algorithm)
    token = desk.mint()
    claims = desk.tokens.verify(token, clock.now())
    assert (claims.tenant_id, claims.user_id, claims.session_id) == (TENANT, USER, SESSION)
    assert (claims.roles, claims.scopes, claims.email_verified) == (("owner",), ("profile", "sessions"), True)
    clock.advance(LIFE * SECOND - 1)
    assert desk.tokens.verify(token, clock.now()) == claims
    clock.advance(1)
    with pytest.raises(TokenExpiredError) as expired:
        desk.tokens.verify(token, clock.now())
    assert expired.value.claims == claims


@ALGORITHMS
def test_other_libraries_read_it(clock: HandClock, algorithm: Algorithm) -> None:
    """A gateway verifies with PyJWT and the public key's PEM; every claim of the contract is there."""
    desk = Desk(clock, algorithm)
    key = SHARED if algorithm is Algorithm.HS256 else desk.key.public_pem
    token = desk.mint()
    told = jwt.decode(
        token, key, [algorithm.value], audience="rex-platform", issuer="rex-auth-service",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )  # fmt: skip
    assert (told["sub"], told["session_id"], told["sid"]) == (str(USER), str(SESSION), str(SESSION))
    assert (told["tenant_id"], told["email_verified"], told["roles"]) == (str(TENANT), True, ["owner"])
    assert (told["scopes"], told["scope"]) == (["profile", "sessions"], "profile sessions")
    assert told["iat"] == told["nbf"] == told["exp"] - LIFE == clock.now().seconds
    assert jwt.get_unverified_header(token) == {"alg": algorithm.value, "typ": "at+jwt", "kid": desk.key.kid}
    assert jwt.decode(desk.mint(), options={"verify_signature": False})["jti"] != told["jti"]


@same_desk
@given(data=st.data())
def test_no_bit_may_change(desk: Desk, data: st.DataObject) -> None:
    """Whichever bit of a token is flipped, it is refused."""
    token = bytearray(desk.mint(), "ascii")
    token[data.draw(st.integers(0, len(token) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    refused(desk, token.decode("latin-1"))


@same_desk
@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w=-]*"))
def test_garbage(desk: Desk, text: str) -> None:
    """Whatever a stranger calls a token is refused, and is no failure."""
    refused(desk, text)
    refused(desk, f"{desk.key.header}.{text}")


@pytest.mark.parametrize("change", ["{}=", " {}", "{}\n", "{}.", ".{}", "{}\x00", "Bearer {}", "{}.{}"])
def test_one_spelling(desk: Desk, change: str) -> None:
    """A token has one spelling, so that no cache fills with copies: no padding, no space, no fourth segment."""
    refused(desk, change.replace("{}", desk.mint()))


def test_last_character_has_no_twins(desk: Desk) -> None:
    """Base 64 leaves bits unused in the last character; twins that decode to the same bytes are refused."""
    token = desk.mint()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = 0
    for char in alphabet:
        try:
            desk.tokens.verify(token[:-1] + char, desk.clock.now())
        except TokenInvalidError:
            continue
        accepted += 1
    assert accepted == 1


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None])
@pytest.mark.parametrize("signature", ["", "x", "signature"])
def test_unsigned(desk: Desk, alg: str | None, signature: str) -> None:
    """`alg: none` is refused, in every spelling, with and without a signature."""
    header = {"alg": alg, "typ": "at+jwt", "kid": desk.key.kid}
    refused(desk, f"{segment(header)}.{segment(desk.payload())}.{signature}")
    refused(desk, f"{desk.key.header}.{segment(desk.payload())}.")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_public_key_as_secret(desk: Desk, algorithm: str) -> None:
    """What anybody can read doesn't sign: neither the PEM, nor the JWK, nor the raw point as an HMAC's secret."""
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    pem = desk.key.public_pem
    for secret in (pem, pem.strip(), json.dumps(desk.key.jwk()), desk.key.jwk()["x"], desk.key.kid, ""):
        for typ in ("at+jwt", "JWT"):
            header = segment({"alg": algorithm, "typ": typ, "kid": desk.key.kid})
            signed = f"{header}.{segment(desk.payload())}"
            mac = hmac.digest(secret.encode(), signed.encode(), digest)
            refused(desk, f"{signed}.{jwt.utils.base64url_encode(mac).decode()}")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"kid": ""},
        {"kid": "shared"},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"], "exp": 9_999_999_999},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"typ": "JWT"},
        {"typ": "application/at+jwt"},
        {"typ": "AT+JWT"},
        {"typ": "refresh+jwt"},
        {"typ": "logout+jwt"},
    ],
)
def test_foreign_headers(desk: Desk, header: dict[str, Any]) -> None:
    """A header that isn't ours chooses nothing, fetches nothing and is refused, though our own key has signed it."""
    named = {"alg": "ES256", "typ": "at+jwt", "kid": desk.key.kid} | header
    signed = f"{segment(named)}.{segment(desk.payload())}"
    signature = jwt.get_algorithm_by_name("ES256").sign(signed.encode(), desk.key.private)
    refused(desk, f"{signed}.{jwt.utils.base64url_encode(signature).decode()}")


def test_strangers_key(desk: Desk) -> None:
    """A key that a token brings along (`jwk`), or that another hub has under the same kid, is not believed."""
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(private.public_key()))
    for header in ({}, {"jwk": jwk}, {"jwk": desk.key.jwk()}):
        named = {"typ": "at+jwt", "kid": desk.key.kid} | header
        refused(desk, jwt.encode(desk.payload(), private, "ES256", named))


def test_own_words_are_accepted(desk: Desk) -> None:
    """The helper of these tests makes good tokens as long as nothing is changed: the refusals above are earned."""
    assert desk.tokens.verify(desk.signed(desk.payload()), desk.clock.now()).user_id == USER


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "somebody"},
        {"iss": ["rex-auth-service"]},
        {"iss": ...},
        {"aud": "another"},
        {"aud": ["rex-platform"]},
        {"aud": ["rex-platform", "another"]},
        {"aud": ...},
        {"exp": ...},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": 1e400},
        {"nbf": ...},
        {"iat": ...},
        {"sub": "maya"},
        {"sub": ...},
        {"session_id": ...},
        {"sid": ...},
        {"tenant_id": ...},
        {"tenant_id": None},
        {"email_verified": "true"},
        {"roles": "owner"},
        {"scopes": {}},
        {"jti": ...},
    ],
)
def test_claims_that_are_not_ours(desk: Desk, changed: dict[str, Any]) -> None:
    """A wrong, missing or differently typed claim is refused under our own signature too."""
    refused(desk, desk.signed(desk.payload(**changed)))


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b'"text"', b"{", b"\xff", b"{}", b"[" * 2000])
def test_payload_that_is_none(desk: Desk, payload: bytes) -> None:
    """A signed payload that isn't ours is refused, and is no failure."""
    refused(desk, desk.signed(payload))


def test_times(desk: Desk) -> None:
    """There is no leeway: not before `nbf`, not at `exp`; and a clock set back or forward extends and ends nothing."""
    now = desk.clock.now().seconds
    refused(desk, desk.signed(desk.payload(nbf=now + 1)))
    with pytest.raises(TokenExpiredError):
        desk.tokens.verify(desk.signed(desk.payload(exp=now)), desk.clock.now())
    token = desk.mint()
    for step in (-MINUTE, 10 * DAY):
        desk.clock.step(step)
        assert desk.tokens.verify(token, desk.clock.now()).user_id == USER
    desk.clock.step(-20 * DAY)
    desk.clock.advance(LIFE * SECOND)
    with pytest.raises(TokenExpiredError):
        desk.tokens.verify(token, desk.clock.now())


@pytest.mark.parametrize("boot", ["x", ".", "!!.1", "AAAA", "AAAA.x", "AAAA.1e9"])
def test_a_boot_that_is_none(desk: Desk, boot: str) -> None:
    """The claim `boot` has one form."""
    refused(desk, desk.signed(desk.payload(boot=boot)))


def test_a_token_that_names_no_boot(desk: Desk) -> None:
    """It is measured by the wall clock alone."""
    token = desk.signed(desk.payload(boot=...))
    assert desk.tokens.verify(token, desk.clock.now()).user_id == USER
    desk.clock.step(-SECOND)
    refused(desk, token)
    desk.clock.step(SECOND + LIFE * SECOND)
    with pytest.raises(TokenExpiredError):
        desk.tokens.verify(token, desk.clock.now())


def test_expired_says_nothing_of_forgeries(desk: Desk) -> None:
    """A foreign token that has expired is invalid, not expired: nobody is refreshed for it."""
    other = Desk(desk.clock)
    token = other.mint()
    desk.clock.advance(DAY)
    refused(desk, token)
    refused(desk, desk.signed(desk.payload(iss="somebody", exp=1)))


def test_oversize(desk: Desk) -> None:
    """Past 4,096 characters a token isn't looked at; below, size alone is no reason."""
    fits = desk.signed(desk.payload(roles=["r" * 2000]))
    assert len(fits) <= LONGEST
    assert desk.tokens.verify(fits, desk.clock.now()).user_id == USER
    refused(desk, desk.signed(desk.payload(roles=["r" * LONGEST])))
    refused(desk, "x" * 10_000_000)


def test_another_hub(desk: Desk) -> None:
    """Each hub believes its own keys only, and its own issuer."""
    refused(desk, Desk(desk.clock).mint())
    renamed = AccessTokens(replace(options_for(), issuer="https://hub.example"), desk.keyring, SeededEntropy())
    with pytest.raises(TokenInvalidError):
        renamed.verify(desk.mint(), desk.clock.now())
