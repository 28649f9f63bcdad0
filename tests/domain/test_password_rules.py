"""What a password must be."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge.domain.password_rules import PasswordRule, weaknesses

KINDS = {
    "upper": string.ascii_uppercase + "ÄÖÜ",
    "lower": string.ascii_lowercase + "äöü",
    "digit": string.digits,
    "symbol": string.punctuation + "€§",
}


def weak(
    password: str, rule: PasswordRule = PasswordRule.COMPOSITION, personal: tuple[str, ...] = (), common: str = ""
) -> str:
    """What is wrong with it, as one text; "zzz" is a common password where `common` says so."""
    return "; ".join(weaknesses(password, rule, personal, lambda asked: asked == common))


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("Zebra-42", ""),
        ("Zebra42-River", ""),
        ("Zebr-42", "at least 8 characters"),
        ("zebra-42", "an upper-case letter"),
        ("ZEBRA-42", "a lower-case letter"),
        ("Zebra-River", "a digit"),
        ("Zebra4242", "a symbol"),
        ("Zebra 42", "a symbol"),
        (" Zebra-42 ", ""),
        ("Zürich-42", ""),
        ("Z€bra4242", ""),
    ],
)
def test_composition(password: str, wrong: str) -> None:
    """Eight characters with upper, lower, digit and symbol; a space is none of them; what is missing is said."""
    assert weak(password) == wrong


def test_everything_is_said_at_once() -> None:
    """A person is told all that is wrong in one go."""
    said = weak("", personal=("maya",))
    for wrong in ("at least 8", "upper-case", "lower-case", "digit", "symbol"):
        assert wrong in said


@given(st.text(min_size=1, max_size=140))
def test_length_rule(password: str) -> None:
    """By the other rule a password of 15 to 128 characters is good, whatever it is made of."""
    assert (weak(password, PasswordRule.LENGTH) == "") is (15 <= len(password) <= 128)


@given(
    st.tuples(*(st.text(alphabet, min_size=2, max_size=32) for alphabet in KINDS.values())).flatmap(
        lambda parts: st.permutations("".join(parts))
    )
)
def test_any_order_of_kinds(characters: list[str]) -> None:
    """Where the kinds stand doesn't matter."""
    assert weak("".join(characters)) == ""


@pytest.mark.parametrize(("length", "good"), [(128, True), (129, False), (10_000, False)])
def test_at_most_128(length: int, good: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """A password of 128 characters is taken as it is; a longer one is refused and never cut."""
    assert (weak("Aa1!" + "x" * (length - 4)) == "") is good


@given(st.text(max_size=130))
def test_compared_exactly(password: str) -> None:
    """The password is looked up as it was typed: neither stripped nor folded nor normalised."""
    asked: list[str] = []

    def remember(text: str) -> bool:
        asked.append(text)
        return True

    assert "commonly used" in "; ".join(weaknesses(password, PasswordRule.LENGTH, (), remember))
    assert asked == [password]


def test_common() -> None:
    """A common password is refused by either rule."""
    assert "commonly used" in weak("Zebra-42", common="Zebra-42")
    assert "commonly used" in weak("x" * 20, PasswordRule.LENGTH, common="x" * 20)


@pytest.mark.parametrize(
    ("password", "personal", "told"),
    [
        ("Maya-2024!", ("maya",), True),
        ("xxMAYAxx-2", ("maya",), True),
        ("Ma-ya-2024!", ("maya",), False),
        ("Straße-2024!", ("STRASSE",), True),
        ("Al-rivers-42", ("al",), False),
        ("Ali-Rivers-42", ("ali",), True),
        ("Zebra-42", ("", "ab"), False),
    ],
)
def test_personal_words(password: str, personal: tuple[str, ...], told: bool) -> None:  # noqa: FBT001 - likewise
    """Name, address and household of three letters or more are found in whatever case."""
    assert ("your name" in weak(password, personal=personal)) is told
