"""Access tokens that other nodes of a household have issued, and that were found good here."""

from collections import OrderedDict

from rex_auth_edge.flows.people import People
from rex_auth_edge.keys.tokens import Claims

_KEPT = 1_024


class Vouched:
    """Remembers up to 1,024 of them by their digest, each until anything of people or keys changes."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._kept: OrderedDict[bytes, tuple[int, Claims]] = OrderedDict()

    def get(self, digest: bytes) -> Claims | None:
        """What the token was found to say, if that still holds."""
        age, claims = self._kept.get(digest, (-1, None))
        return claims if age == self._people.age else None

    def sure(self, digest: bytes) -> bool:
        """Whether there is no need to look again: where other processes' changes aren't heard of, there always is."""
        return self._people.hears() and self.get(digest) is not None

    def put(self, digest: bytes, claims: Claims | None, age: int) -> None:
        """Remember what was found out while people were of that age; None: that it is good for nothing."""
        self._kept.pop(digest, None)
        if claims is None:
            return
        if len(self._kept) >= _KEPT:
            self._kept.popitem(last=False)
        self._kept[digest] = (age, claims)
