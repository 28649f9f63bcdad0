"""The keyring: a key is known before it signs, and stays known until its last token has died."""

import base64
import hashlib
import json

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND
from rex_auth_edge.domain.refusals import Code, RefusedError
from rex_auth_edge.keys.keyring import OVERLAP, ROTATION, Keyring, SigningKey
from rex_auth_edge.keys.options import Algorithm
from rex_auth_edge.keys.tokens import AccessTokens, TokenInvalidError
from tests.doubles import HandClock, SeededEntropy
from tests.keys.signing import LIFE, SHARED, USER, Desk, keyring_for, options_for

PAIRS = [Algorithm.ES256, Algorithm.EDDSA]
LONGEST_LIFE = LIFE * SECOND


def rotate(keyring: Keyring, clock: HandClock, *, at_once: bool = False) -> SigningKey:
    """Add the next key, as the flow does, and drop the dead ones."""
    fresh, dead = keyring.next(clock.now(), at_once=at_once), keyring.dead(clock.now())
    pairs = [key for key in keyring._keys if key.algorithm is not Algorithm.HS256 and key.kid not in dead]
    keyring.replace([*pairs, fresh])
    return fresh


def kids(keyring: Keyring, clock: HandClock) -> set[str]:
    """What is published."""
    return {key["kid"] for key in keyring.jwks(clock.now())["keys"]}


@pytest.mark.parametrize("algorithm", PAIRS)
def test_rotation_with_overlap(clock: HandClock, algorithm: Algorithm) -> None:
    """A new key is published at once and signs 5 minutes later; the old one goes when its last token has died."""
    desk = Desk(clock, algorithm)
    old = desk.key
    fresh = rotate(desk.keyring, clock)
    assert kids(desk.keyring, clock) == {old.kid, fresh.kid}
    clock.advance(OVERLAP - 1)
    assert desk.key.kid == old.kid
    last = desk.mint()
    clock.advance(1)
    assert desk.key.kid == fresh.kid
    first = desk.mint()
    for token in (last, first):
        assert desk.user(token) == USER
    clock.advance(LONGEST_LIFE - 2 * SECOND)
    assert desk.user(last) == USER
    assert kids(desk.keyring, clock) == {old.kid, fresh.kid}
    clock.advance(MINUTE + 2 * SECOND)
    assert kids(desk.keyring, clock) == {fresh.kid}
    assert desk.keyring.dead(clock.now()) == [old.kid]
    with pytest.raises(TokenInvalidError):
        desk.tokens.verify(last, clock.now())


def test_rotation_at_once(clock: HandClock) -> None:
    """With --now the new key signs immediately; what the old one has signed stays good."""
    desk = Desk(clock)
    token = desk.mint()
    clock.advance(1)
    fresh = rotate(desk.keyring, clock, at_once=True)
    assert desk.key.kid == fresh.kid
    assert desk.user(token) == USER
    assert desk.user(desk.mint()) == USER


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["rotate", "now", "mint"]), st.integers(0, 8 * MINUTE)), max_size=14))
def test_no_living_token_is_ever_refused(events: list[tuple[str, int]]) -> None:
    """However rotations, signatures and time follow each other: a token's key is published, until the token expires."""
    clock = HandClock()
    desk, alive = Desk(clock), list[tuple[str, int]]()
    for event, passed in events:
        clock.advance(passed)
        if event == "mint":
            alive.append((desk.mint(), clock.now().seconds + LIFE))
            assert jwt.get_unverified_header(alive[-1][0])["kid"] in kids(desk.keyring, clock)
        else:
            rotate(desk.keyring, clock, at_once=event == "now")
        for token, expires in alive:
            if clock.now().seconds < expires:
                assert desk.user(token) == USER


def test_two_rotations_in_a_row(clock: HandClock) -> None:
    """A second rotation during the overlap doesn't let a key sign that verifiers couldn't know yet."""
    keyring = keyring_for(clock)
    first = rotate(keyring, clock)
    clock.advance(OVERLAP // 2)
    second = rotate(keyring, clock)
    clock.advance(OVERLAP // 2)
    assert keyring.signing(clock.now()).kid == first.kid
    clock.advance(OVERLAP // 2)
    assert keyring.signing(clock.now()).kid == second.kid


def test_clock_before_every_key(clock: HandClock) -> None:
    """A hub that boots in the past still signs, with its oldest key, and publishes all."""
    keyring = keyring_for(clock)
    old = keyring.signing(clock.now())
    fresh = rotate(keyring, clock)
    clock.step(-400 * DAY)
    assert keyring.signing(clock.now()).kid == old.kid
    assert kids(keyring, clock) == {old.kid, fresh.kid}


def test_due_after_90_days(clock: HandClock) -> None:
    """A key is replaced when it has been there for 90 days; once a successor exists nothing is due."""
    keyring = keyring_for(clock)
    clock.advance(ROTATION - 1)
    assert not keyring.due(clock.now())
    clock.advance(1)
    assert keyring.due(clock.now())
    rotate(keyring, clock)
    assert not keyring.due(clock.now())


def test_shared_secret_is_not_rotated(clock: HandClock) -> None:
    """HS256 has nothing to rotate: it says so, and is never due."""
    keyring = keyring_for(clock, Algorithm.HS256)
    clock.advance(10 * ROTATION)
    assert not keyring.due(clock.now())
    with pytest.raises(RefusedError) as error:
        keyring.next(clock.now())
    assert error.value.refused.code is Code.BAD_REQUEST
    assert "JWT_SECRET_KEY" in error.value.refused.message


@pytest.mark.parametrize(("before", "after"), [(a, b) for a in Algorithm for b in PAIRS if a is not b])
def test_another_algorithm(clock: HandClock, before: Algorithm, after: Algorithm) -> None:
    """A change of JWT_ALGORITHM, which takes a restart: what pairs have signed lives on, a shared secret's ends."""
    desk = Desk(clock, before)
    token = desk.mint()
    pairs = [key for key in desk.keyring._keys if key.algorithm is not Algorithm.HS256]
    keyring = Keyring(options_for(after), LONGEST_LIFE)
    keyring.replace(pairs)
    assert keyring.missing()
    clock.advance(SECOND)
    keyring.replace([*pairs, keyring.next(clock.now(), at_once=True)])
    assert keyring.signing(clock.now()).algorithm is after
    tokens = AccessTokens(options_for(after), keyring, SeededEntropy())
    if before is Algorithm.HS256:
        with pytest.raises(TokenInvalidError):
            tokens.verify(token, clock.now())
        return
    assert tokens.verify(token, clock.now()).user_id == USER
    assert {key["alg"] for key in keyring.jwks(clock.now())["keys"]} == {before.value, after.value}
    clock.advance(LONGEST_LIFE + MINUTE)
    assert {key["alg"] for key in keyring.jwks(clock.now())["keys"]} == {after.value}


@pytest.mark.parametrize("before", PAIRS)
def test_to_the_shared_secret(clock: HandClock, before: Algorithm) -> None:
    """A change to HS256 keeps what pairs have signed alive, and still publishes those, and only those."""
    desk = Desk(clock, before)
    token, old = desk.mint(), desk.key
    keyring = Keyring(options_for(Algorithm.HS256), LONGEST_LIFE)
    keyring.replace([old])
    assert not keyring.missing()
    assert keyring.signing(clock.now()).algorithm is Algorithm.HS256
    assert (
        AccessTokens(options_for(Algorithm.HS256), keyring, SeededEntropy()).verify(token, clock.now()).user_id == USER
    )
    assert kids(keyring, clock) == {old.kid}


@pytest.mark.parametrize("algorithm", Algorithm)
def test_jwks_is_public(clock: HandClock, algorithm: Algorithm) -> None:
    """A JWK Set never has a private member, and none at all of a symmetric key."""
    keyring = keyring_for(clock, algorithm)
    if algorithm is not Algorithm.HS256:
        rotate(keyring, clock)
    published = keyring.jwks(clock.now())["keys"]
    assert len(published) == (0 if algorithm is Algorithm.HS256 else 2)
    wanted = {"kty", "crv", "x", "kid", "alg", "use"} | ({"y"} if algorithm is Algorithm.ES256 else set())
    for key in published:
        assert set(key) == wanted
        assert (key["use"], key["alg"]) == ("sig", algorithm.value)
        assert jwt.PyJWK(key).key_type == {"ES256": "EC", "EdDSA": "OKP"}[algorithm.value]
    assert SHARED not in json.dumps(published)


@pytest.mark.parametrize("algorithm", PAIRS)
def test_kid_is_the_thumbprint(clock: HandClock, algorithm: Algorithm) -> None:
    """RFC 7638: SHA-256 over the required members, in lexicographic order, without white space."""
    key = keyring_for(clock, algorithm).signing(clock.now())
    jwk = key.jwk()
    members = ["crv", "kty", "x", "y"] if algorithm is Algorithm.ES256 else ["crv", "kty", "x"]
    text = "{" + ",".join(f'"{name}":"{jwk[name]}"' for name in members) + "}"
    assert base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=") == key.kid


def test_thumbprint_of_the_rfc() -> None:
    """RFC 8037, appendix A.3: the thumbprint of its example key."""
    private = bytes.fromhex(
        "302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    )
    key = SigningKey.from_private_bytes(private, algorithm=Algorithm.EDDSA, created_at=0, signs_from_at=0)
    assert key.jwk()["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("algorithm", PAIRS)
def test_kept_and_read_again(clock: HandClock, algorithm: Algorithm) -> None:
    """A key comes back from its stored form as it was, and shows no private part when it is printed."""
    key = keyring_for(clock, algorithm).signing(clock.now())
    kept = key.to_private_bytes()
    again = SigningKey.from_private_bytes(
        kept, algorithm=algorithm, created_at=key.created_at, signs_from_at=key.signs_from_at
    )
    assert (again.kid, again.header, again.public_pem) == (key.kid, key.header, key.public_pem)
    assert load_pem_public_key(key.public_pem.encode()) == key.private.public_key()
    assert "private" not in repr(key).lower()
    assert "PRIVATE" not in key.public_pem


def test_shared_secret_doesnt_print(clock: HandClock) -> None:
    """Neither the key nor the ring shows the shared secret."""
    keyring = keyring_for(clock, Algorithm.HS256)
    assert SHARED not in repr(keyring.signing(clock.now()))
    assert SHARED not in repr(vars(keyring))
