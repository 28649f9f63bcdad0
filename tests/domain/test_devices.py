"""What a device may be called, and which scopes fit."""

import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from rex_auth_edge.domain.devices import Wish, scopes_at_home, wish
from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.storage.device_tables import device_asks, device_grants, devices


@given(st.lists(st.integers(1, 41), max_size=14))
@example([40] * 12)
@example([40] * 9 + [32])
@example([40] * 9 + [31])
def test_scopes_that_are_taken_can_be_kept(lengths: list[int]) -> None:
    """12 scopes of 40 characters fit their column by number and length, but not all at once: then they are refused."""
    scopes = [f"{place:x}{'a' * (length - 1)}" for place, length in enumerate(lengths)]
    fits = len(lengths) <= 12 and max(lengths, default=0) <= 40 and len(" ".join(scopes)) <= 400
    for found in (wish("Lamp", "lamp", None, scopes), scopes_at_home(scopes)):
        assert isinstance(found, Refused) is not fits
    found = wish("Lamp", "lamp", None, scopes)
    if isinstance(found, Wish):
        kinds = [each.c.scopes.type for each in (devices, device_asks, device_grants)]
        assert all(isinstance(kind, sa.String) and kind.length == 400 for kind in kinds)
        assert len(" ".join(found.scopes)) <= 400
