"""How sure it is that a token's person is who they are said to be: the claim `acr` (RFC 9068 section 2.2.1)."""

VOICE = "urn:rex:acr:voice"
"""A device has recognised the person: it identifies, and authenticates nobody."""
CONFIRMED = "urn:rex:acr:confirmed"
"""The person has agreed to this on their own phone, freshly signed in."""
_ORDER = (VOICE, CONFIRMED)


def reaches(found: object, wanted: str) -> bool:
    """Whether a level is at least the wanted one; what isn't known is none. Raises ValueError for a wrong wish."""
    if wanted not in _ORDER:
        raise ValueError(f"There is no level {wanted}; there are " + ", ".join(_ORDER))
    needed = _ORDER.index(wanted)
    return isinstance(found, str) and found in _ORDER and _ORDER.index(found) >= needed
