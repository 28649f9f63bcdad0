"""Keyed hashes and bearer secrets: purposes are apart, boundaries can't be moved, nothing made up is believed."""

import hashlib
from base64 import urlsafe_b64encode
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from rex_auth_edge.domain.secret import Secret
from rex_auth_edge.keys.hashes import BearerMint, Pepper, derive
from tests.doubles import SeededEntropy

PEPPER, OTHER = Pepper(Secret("a" * 32)), Pepper(Secret("b" * 32))
MINT = BearerMint(PEPPER, SeededEntropy())
TENANT, ROW = UUID(int=1), UUID(int=2)
parts = st.lists(st.text() | st.binary(), max_size=4)


def joined(values: list[str | bytes]) -> list[bytes]:
    """What is hashed: texts and bytes are the same to it."""
    return [value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass") for value in values]


@given(one=parts, other=parts)
def test_boundaries(one: list[str | bytes], other: list[str | bytes]) -> None:
    """Digests are equal for equal parts only: "ab", "c" isn't "a", "bc", and nothing isn't one empty part."""
    assert (PEPPER.digest("otp", *one) == PEPPER.digest("otp", *other)) is (joined(one) == joined(other))


@given(one=st.text(), other=st.text(), text=st.text())
def test_purposes(one: str, other: str, text: str) -> None:
    """A digest made for one purpose is none for another, and none under another SECRET_KEY."""
    assume(one != other)
    assert PEPPER.digest(one, text) != PEPPER.digest(other, text)
    assert PEPPER.digest(one, text) != OTHER.digest(one, text)
    assert len(PEPPER.digest(one, text)) == 32


def test_lone_surrogates() -> None:
    """What no encoder likes is hashed all the same; who asks about it gets an answer, not a failure."""
    assert PEPPER.digest("otp", "\ud800") != PEPPER.digest("otp", "\udfff")


def test_purpose_and_part_are_apart() -> None:
    """The purpose is not just one more part."""
    assert PEPPER.digest("otp", "a", "b") != PEPPER.digest("otpa", "b")
    assert derive(b"k" * 32, "seal a") != derive(b"k" * 32, "hash a")


def test_derivation_is_kept() -> None:
    """Keys derived today open what was sealed yesterday: they never change (RFC 5869)."""
    prk = hmac_sha256(bytes(32), b"secret")
    assert derive(b"secret", "x") == hmac_sha256(prk, b"rex-auth-edge x\x01")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC by its definition (RFC 2104)."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()


@given(st.uuids(), st.uuids(), st.integers(0, 2**32 - 1))
def test_bearer_says_whose_it_is(tenant: UUID, row: UUID, generation: int) -> None:
    """A bearer secret is read as it was made, and is safe in URLs and cookies; what is stored of it is a digest."""
    text = MINT.mint("refresh", tenant, row, generation)
    found = MINT.read("refresh", text)
    assert found is not None
    assert (found.tenant_id, found.row_id, found.generation) == (tenant, row, generation)
    assert (len(text), text.replace("-", "").replace("_", "").isalnum()) == (112, True)
    assert found.digest not in text.encode()
    again = MINT.read("refresh", MINT.mint("refresh", tenant, row, generation))
    assert again is not None
    assert again.digest != found.digest


@given(data=st.data())
def test_no_bit_of_a_bearer_may_change(data: st.DataObject) -> None:
    """Whichever bit is flipped, nothing is read."""
    text = bytearray(MINT.mint("refresh", TENANT, ROW), "ascii")
    text[data.draw(st.integers(0, len(text) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert MINT.read("refresh", text.decode("latin-1")) is None


@given(st.text() | st.binary(min_size=84, max_size=84).map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_junk_is_no_bearer(text: str) -> None:
    """Any text at all is answered with None."""
    assert MINT.read("refresh", text) is None


def test_one_spelling() -> None:
    """What decodes to the same bytes by another spelling isn't the same secret: a hash of it is looked up."""
    text = MINT.mint("refresh", TENANT, ROW)
    for changed in (text + "=", text + "\n", " " + text, text[:50] + "!" + text[50:], text + text, text[:-1], ""):
        assert MINT.read("refresh", changed) is None


def test_bearers_of_other_purposes_and_hubs() -> None:
    """A reset token doesn't refresh, and another hub's token nothing here."""
    text = MINT.mint("reset", TENANT, ROW)
    assert MINT.read("reset", text) is not None
    assert MINT.read("refresh", text) is None
    assert BearerMint(OTHER, SeededEntropy()).read("reset", text) is None
