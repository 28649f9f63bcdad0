"""Sealing: what was changed, moved or sealed for something else doesn't open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keys.seal import Seal, SealBrokenError, open_under, seal_under
from tests.doubles import SeededEntropy

ENTROPY = SeededEntropy()
SEAL = Seal(Secret("a" * 32), ENTROPY)


@given(plaintext=st.binary(), bound=st.binary())
def test_there_and_back(plaintext: bytes, bound: bytes) -> None:
    """What is sealed opens as it was; sealing the same twice shows nobody that it is the same."""
    sealed = SEAL.seal("letter", plaintext, bound)
    assert SEAL.open("letter", sealed, bound) == plaintext
    assert len(plaintext) < 4 or plaintext not in sealed
    assert SEAL.seal("letter", plaintext, bound) != sealed


@given(data=st.data())
def test_tampering(data: st.DataObject) -> None:
    """Whichever bit of nonce, text or tag is flipped, and wherever it is cut, it doesn't open."""
    sealed = SEAL.seal("letter", b"the code is 123456", b"row")
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    for broken in (bytes(changed), sealed[:place], sealed[place + 1 :], sealed + b"\0"):
        with pytest.raises(SealBrokenError):
            SEAL.open("letter", broken, b"row")


@given(st.binary(max_size=64))
def test_junk(sealed: bytes) -> None:
    """What was never sealed is refused by the one exception that callers know."""
    with pytest.raises(SealBrokenError):
        SEAL.open("letter", sealed)
    with pytest.raises(SealBrokenError):
        open_under("token", sealed)


def test_other_purpose_binding_or_key() -> None:
    """It opens for its own purpose, in its own row, under its own key, and nowhere else."""
    sealed = SEAL.seal("signing-key", b"private", b"kid")
    for seal, purpose, bound in (
        (SEAL, "letter", b"kid"),
        (SEAL, "signing-key", b"another"),
        (SEAL, "signing-key", b""),
        (Seal(Secret("b" * 32), ENTROPY), "signing-key", b"kid"),
    ):
        with pytest.raises(SealBrokenError):
            seal.open(purpose, sealed, bound)


def test_after_a_restart() -> None:
    """Another program with the same SECRET_KEY opens it."""
    sealed = SEAL.seal("signing-key", b"private", b"kid")
    assert Seal(Secret("a" * 32), SeededEntropy(1)).open("signing-key", sealed, b"kid") == b"private"


@given(one=st.text(), other=st.text())
def test_under_a_token(one: str, other: str) -> None:
    """What is sealed under a token opens with that token only."""
    sealed = seal_under(one, b"successor", ENTROPY)
    assert open_under(one, sealed) == b"successor"
    if one != other:
        with pytest.raises(SealBrokenError):
            open_under(other, sealed)
