"""Whose address a request comes from."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.web.addresses import client_address, rate_key, scheme
from rex_auth_edge.web.options import WebOptions

PROXY, SECOND_PROXY, CLIENT = "10.0.0.1", "10.0.0.2", "203.0.113.9"
NOBODY = WebOptions("http://localhost")
TRUSTING = WebOptions("http://localhost", trusted_proxies=(ip_network("10.0.0.0/24"), ip_network("fd00::1/128")))


def scope(peer: str | None, **headers: str | list[str]) -> dict[str, Any]:
    """A request from `peer`; a list is a header of several lines."""
    lines = [
        (name.replace("_", "-").encode(), value.encode())
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return {"type": "http", "scheme": "http", "headers": lines, "client": None if peer is None else (peer, 40_000)}


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (CLIENT, "1.2.3.4", CLIENT),
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"1.2.3.4, {CLIENT}", CLIENT),
        (PROXY, f"1.2.3.4, {CLIENT} , {SECOND_PROXY}", CLIENT),
        (PROXY, ["1.2.3.4", CLIENT], CLIENT),
        (PROXY, [f"1.2.3.4, {CLIENT}", SECOND_PROXY], CLIENT),
        (PROXY, SECOND_PROXY, PROXY),
        (PROXY, [], PROXY),
        (PROXY, "", PROXY),
        (PROXY, "unknown", PROXY),
        (PROXY, f"{CLIENT}, nonsense", PROXY),
        (PROXY, f"{CLIENT}:8000", PROXY),
        (PROXY, "1" * 5000, PROXY),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        ("fd00::1", CLIENT, CLIENT),
        ("::ffff:10.0.0.1", CLIENT, CLIENT),
        ("::ffff:192.168.1.20", [], "192.168.1.20"),
        ("fe80::1%eth0", [], "fe80::1"),
        (None, CLIENT, ""),
        ("/run/hub.sock", CLIENT, "/run/hub.sock"),
    ],
)
def test_client_address(peer: str | None, forwarded: str | list[str], expected: str) -> None:
    """The last address that no trusted proxy has, over all lines of the header; the peer's own where there is none."""
    assert client_address(scope(peer, x_forwarded_for=forwarded), TRUSTING) == expected


@given(forwarded=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])))
def test_nobody_is_believed_by_default(forwarded: str) -> None:
    """Without configured proxies no header moves anybody; with them no header raises."""
    asked = scope(CLIENT) | {"headers": [(b"x-forwarded-for", forwarded.encode("latin-1"))]}
    assert client_address(asked, NOBODY) == CLIENT
    assert client_address(asked, TRUSTING) == CLIENT
    through = client_address(asked | {"client": (PROXY, 1)}, TRUSTING)
    assert through == str(ip_address(through))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        *((PROXY, "https", "https"), (PROXY, "HTTPS", "https"), (PROXY, "https, http", "http"), (PROXY, [], "http")),
        *((PROXY, ["https", "http"], "http"), (PROXY, "gopher", "http"), (CLIENT, "https", "http")),
        (None, "https", "http"),
    ],
)
def test_scheme(peer: str | None, forwarded: str | list[str], expected: str) -> None:
    """The scheme that a trusted proxy says itself; the connection's otherwise."""
    assert scheme(scope(peer, x_forwarded_proto=forwarded), TRUSTING) == expected
    assert scheme(scope(peer, x_forwarded_proto=forwarded), NOBODY) == "http"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2a02:8108::1", "2a02:8108::ffff:2", True),
        ("2a02:8108::1", "2a02:8108:0:1::1", False),
        ("192.168.1.1", "192.168.1.2", False),
        ("192.168.1.1", "::ffff:192.168.1.1", True),
        ("::ffff:192.168.1.1", "::ffff:192.168.1.2", False),
        ("fe80::1%eth0", "fe80::1", True),
        ("fe80::1", "fe80::2", False),
        ("fd00:1::1", "fd00:1::2", False),
    ],
)
def test_rate_key(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """An IPv6 host on the internet counts with its /64, any other host by itself, over whatever socket it came."""
    assert (rate_key(one) == rate_key(other)) is same


@given(st.text())
def test_rate_keys_are_short(address: str) -> None:
    """Whatever a peer is called, its key is short."""
    assert len(rate_key(address * 50)) <= 64
