"""Usernames, and how addresses compare."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.names import LONGEST_USERNAME, email_key, is_username, username_from, username_key

ALLOWED = string.ascii_letters + string.digits + "._-"


@given(st.text(ALLOWED, min_size=1, max_size=64))
def test_good_usernames(username: str) -> None:
    """1 to 64 letters, digits, dots, underscores and hyphens; compared without regard to case."""
    assert is_username(username)
    assert username_key(username.upper()) == username_key(username.lower()) == username_key(username)


@given(st.text(max_size=70))
def test_bad_usernames(text: str) -> None:
    """Anything else isn't one, a line end at the end and letters that only look the same included."""
    assert is_username(text) is (1 <= len(text) <= 64 and set(text) <= set(ALLOWED))


@pytest.mark.parametrize(
    "text", ["", "maya\n", "may a", "m\u0430ya", "maya@home", "x" * 65, "maya\x00", "\ufb01n", "\uff14"]
)
def test_lookalikes(text: str) -> None:
    """A Cyrillic letter, a ligature or a full-width digit makes no username."""
    assert not is_username(text)


@given(st.text())
def test_a_username_can_be_made_of_anything(text: str) -> None:
    """Whatever the name or address, a username comes of it, with room for a number behind it."""
    made = username_from(text)
    assert is_username(made)
    assert len(made) <= LONGEST_USERNAME - 8


@pytest.mark.parametrize(
    ("text", "username"),
    [
        *(("maya@example.com", "maya"), ("Maya Lopez", "mayalopez"), ("José", "jose"), ("小明@example.com", "person")),
        *(("a.b+c@example.com", "a.bc"), ("", "person"), ("@example.com", "person"), ("x" * 300, "x" * 56)),
    ],
)
def test_username_from(text: str, username: str) -> None:
    """The local part, or the name, in plain letters."""
    assert username_from(text) == username


@pytest.mark.parametrize(
    "spelling", ["Maya@Example.com", " maya@example.com\t", "MAYA@EXAMPLE.COM", "\uff4daya@example.com"]
)
def test_one_address(spelling: str) -> None:
    """Letter case, surrounding space and width don't make another address."""
    assert email_key(spelling) == "maya@example.com"


@given(st.emails())
def test_keys_of_addresses(address: str) -> None:
    """A key is its own key, whatever letters the address came in."""
    assert email_key(email_key(address)) == email_key(address)
    assert email_key(address.upper()) == email_key(address.lower())


@given(st.text())
def test_keys_of_anything(text: str) -> None:
    """Whatever a stranger calls an address has a key."""
    assert isinstance(email_key(text), str)
