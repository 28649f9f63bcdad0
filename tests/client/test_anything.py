"""Whatever a stranger shows to a device, its program is told no and goes on."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.client import TokenRefusedError, jose
from tests.client.homes import Device, Home

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["typ", "alg", "kid", "crit", "jwk", "iss", "aud", "exp", "status", "cnf", "act", "scope", "sid"]
)


@given(data=st.data())
def test_nothing_but_a_refusal_comes_of_anything(data: st.DataObject, fuzzed: Device) -> None:
    """Whatever a stranger shows, and whatever a token says, the program is told no and never falls over."""
    home = fuzzed.home
    garbage = data.draw(st.text(max_size=60))
    claims = home.claims() | data.draw(st.dictionaries(NAMES, ANYTHING, min_size=1, max_size=4))
    head = {"typ": "at+jwt", "alg": "ES256", "kid": home.key.kid} | data.draw(st.dictionaries(NAMES, ANYTHING))
    for token in (
        garbage,
        jose.sign(head, home.claims(), home.key.private),
        jose.sign({"typ": "at+jwt", "alg": "ES256", "kid": home.key.kid}, claims, home.key.private),
    ):
        with suppress(TokenRefusedError):
            fuzzed.verifier.check(token, scope="door.open")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Device:
    """A device that sees much."""
    return Device(Home(), tmp_path_factory.mktemp("fuzzed") / "device")
