"""What a password must be: the household's rule, and never one that everybody tries first."""

from collections.abc import Callable, Iterable
from enum import StrEnum

SHORTEST = {"composition": 8, "length": 15}
LONGEST = 128
_TELLING = 3
"""From how many characters on a personal word in a password gives it away."""


class PasswordRule(StrEnum):
    """`composition` is the documented policy; `length` is NIST's alternative (SP 800-63B section 5.1.1)."""

    COMPOSITION = "composition"
    LENGTH = "length"


def weaknesses(
    password: str, rule: PasswordRule, personal: Iterable[str], is_common: Callable[[str], bool]
) -> list[str]:
    """What is wrong with a password, in words; nothing is stripped or folded from the password itself."""
    found = []
    if len(password) < SHORTEST[rule]:
        found.append(f"at least {SHORTEST[rule]} characters")
    if len(password) > LONGEST:
        found.append(f"at most {LONGEST} characters")
    if rule is PasswordRule.COMPOSITION:
        found += _missing_kinds(password)
    if is_common(password):
        found.append("not one that is commonly used or was leaked")
    if _tells(password, personal):
        found.append("without your name, address or household")
    return found


def _missing_kinds(password: str) -> list[str]:
    kinds: dict[str, Callable[[str], bool]] = {
        "an upper-case letter": str.isupper,
        "a lower-case letter": str.islower,
        "a digit": str.isdigit,
        "a symbol": lambda char: not char.isalnum() and not char.isspace(),
    }
    return [name for name, is_kind in kinds.items() if not any(is_kind(char) for char in password)]


def _tells(password: str, personal: Iterable[str]) -> bool:
    folded = password.casefold()
    return any(len(word) >= _TELLING and word.casefold() in folded for word in personal)
