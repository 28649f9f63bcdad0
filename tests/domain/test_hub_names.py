"""How a hub is called, and which addresses are a home's."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.hub_names import UNIT_ID, certifiable, host_of, hosts_of, is_private, new_unit_id
from tests.doubles import SeededEntropy


def test_unit_ids_are_base_32_and_differ() -> None:
    """8 characters that a host name takes as they are."""
    entropy = SeededEntropy()
    made = {new_unit_id(entropy) for _ in range(100)}
    assert len(made) == 100
    assert all(UNIT_ID.fullmatch(each) for each in made)


def test_nine_names() -> None:
    """Its own first, then `-2` to `-9`."""
    assert hosts_of("abcd2345")[0] == host_of("abcd2345") == "rex-abcd2345.local"
    assert hosts_of("abcd2345")[1:] == tuple(f"rex-abcd2345-{number}.local" for number in range(2, 10))


@given(st.ip_addresses())
def test_private_is_never_global(address: object) -> None:
    """No address that the internet routes counts as a home's."""
    found = ip_address(str(address))
    assert not (is_private(found) and found.is_global)


@given(st.frozensets(st.ip_addresses().map(str)))
def test_only_private_addresses_are_certified(addresses: frozenset[str]) -> None:
    """Of the machine's own, and loopback in any case."""
    found = certifiable(addresses)
    assert found <= addresses | {"127.0.0.1", "::1"}
    assert {"127.0.0.1", "::1"} <= found
    assert all(is_private(ip_address(each)) for each in found)
