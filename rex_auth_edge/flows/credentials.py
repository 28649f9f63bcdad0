"""What people choose: addresses, usernames, passwords; checked alike wherever they are typed."""

from collections.abc import Iterable, Mapping

from rex_auth_edge.domain import names
from rex_auth_edge.domain.password_rules import PasswordRule, weaknesses
from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.keys.common_passwords import is_common

BAD_EMAIL = Refused(Code.INVALID_EMAIL, "Invalid email", {"email": "not an e-mail address"})
BAD_USERNAME = Refused(
    Code.INVALID_USERNAME,
    "Invalid username: use 1 to 64 letters, digits, dots, underscores or hyphens",
    {"username": "not a username"},
)
LONGEST = {"first_name": 120, "last_name": 120, "phone_number": 40}
USERNAME_TAKEN = Refused(Code.USERNAME_TAKEN, "Username already registered", {"username": "taken"})


def address(text: str) -> str | Refused:
    """The address as it will be written to, or why it isn't one. Asks no DNS: the hub may be offline."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 20 ms that starting does without

    try:
        checked = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return BAD_EMAIL
    # Folding for comparison can make an address many times as long as it is.
    fits = max(len(checked.normalized), len(names.email_key(checked.normalized))) <= 254  # noqa: PLR2004 - RFC 5321
    return checked.normalized if fits and "." in checked.domain else BAD_EMAIL


def username(text: str) -> Refused | None:
    """Why this can't be a username, or None."""
    return None if names.is_username(text) else BAD_USERNAME


def too_long(texts: Mapping[str, str | None]) -> Refused | None:
    """The refusal of the first name or number that is longer than is kept, or None."""
    for name, longest in LONGEST.items():
        if len(texts.get(name) or "") > longest:
            return Refused(Code.INVALID_FIELD, f"{name} is longer than {longest} characters", {name: "too long"})
    return None


def password(text: str, rule: PasswordRule, personal: Iterable[str | None]) -> Refused | None:
    """Why this password is refused, with every rule that it breaks, or None."""
    found = weaknesses(text, rule, [word for word in personal if word], is_common)
    if not found:
        return None
    reasons = "; ".join(found)
    return Refused(Code.WEAK_PASSWORD, f"Weak password: {reasons}", {"password": reasons})
