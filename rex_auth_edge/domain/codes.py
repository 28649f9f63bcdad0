"""Codes that people read out and type: Crockford's base 32, in groups of four."""

from rex_auth_edge.domain.entropy import Entropy

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011", " -\u2010\u2011\u2012\u2013\u2014")
_GROUP = 4


def code(entropy: Entropy, characters: int) -> str:
    """A random code of so many characters, 5 bits each."""
    drawn = "".join(_ALPHABET[entropy.below(len(_ALPHABET))] for _ in range(characters))
    return "-".join(drawn[start : start + _GROUP] for start in range(0, characters, _GROUP))


def as_meant(text: str) -> str:
    """The form in which codes are compared: no hyphens or spaces, capitals, digits for the letters like them."""
    return text.upper().translate(_MISREAD).strip()
