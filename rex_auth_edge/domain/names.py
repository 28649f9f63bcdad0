"""Usernames and how addresses compare."""

import re
import unicodedata

_USERNAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NOT_IN_USERNAME = re.compile(r"[^a-z0-9._-]+")
LONGEST_USERNAME = 64


def username_key(username: str) -> str:
    """The form in which usernames are compared: without regard to case."""
    return username.casefold()


def is_username(username: str) -> bool:
    """1 to 64 letters, digits, `.`, `_` and `-`."""
    return _USERNAME.fullmatch(username) is not None


def email_key(address: str) -> str:
    """The form in which addresses are compared and looked up: NFKC, folded, without surrounding space."""
    return unicodedata.normalize("NFKC", address.strip()).casefold()


def username_from(text: str) -> str:
    """A username made of a name or of an address's local part; `person` where nothing is left of it."""
    plain = unicodedata.normalize("NFKD", text.split("@", 1)[0]).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_USERNAME.sub("", plain)[: LONGEST_USERNAME - 8] or "person"


def masked(address: str) -> str:
    """An address as it is shown to somebody who may not know it: the first letter of what is before the `@`."""
    local_part, _, domain = address.rpartition("@")
    return f"{local_part[:1]}***@{domain}"
