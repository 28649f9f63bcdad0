"""The list of common passwords, which is on the device itself."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.keys.common_passwords import is_common


def lines() -> list[str]:
    """The list as it is shipped, without its head."""
    text = (files("rex_auth_edge.keys") / "common_passwords.txt").read_text()
    return [line for line in text.splitlines() if not line.startswith("# ")]


def test_the_list() -> None:
    """10,000 entries or more, folded, each once; where it is from and under which licence is said in it."""
    text = (files("rex_auth_edge.keys") / "common_passwords.txt").read_text()
    assert "MIT licence" in text
    assert len(lines()) >= 10_000
    assert all(line == line.casefold() for line in lines())
    assert len(set(lines())) == len(lines())
    assert "" not in lines()


@given(st.sampled_from(lines()), st.text("0123456789!?.$#- ", max_size=6))
def test_listed_with_a_tail(word: str, tail: str) -> None:
    """Every listed word is common: as it is, in capitals, and with digits and symbols after it."""
    assert is_common(word)
    assert is_common(word.upper())
    if word.isalpha() and len(word) >= 4:
        assert is_common(word.capitalize() + tail)


@pytest.mark.parametrize("password", ["Password1!", "P@ssw0rd", "Qwerty123!", "Dragon2024!!", "LETMEIN...", "123456"])
def test_what_everybody_tries(password: str) -> None:
    """Composition rules alone let these pass."""
    assert is_common(password)


@pytest.mark.parametrize(
    "password", ["Zebra-River-42!", "kx9#Qmw2pL", "", "1", "!!!!", "# From", "a\nb", "123456\npassword"]
)
def test_what_is_not_listed(password: str) -> None:
    """Good passwords, fragments, the list's own head, and texts that span its lines are not on it."""
    assert not is_common(password)


@given(st.text())
def test_any_text(password: str) -> None:
    """Any text is looked up without failing; one that has a line end in its stem is never listed."""
    assert is_common(password) in {True, False}
