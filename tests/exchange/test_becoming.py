"""Somebody here becomes somebody in the cloud: whatever names them follows."""

from rex_auth_edge.exchange.hub.becoming import KEPT, NAMES
from rex_auth_edge.storage.columns import Id, metadata

NOBODYS = {"id", "tenant_id", "node_id", "told_by", "named", "session_id", "device_id", "invitation_id", "letter_id"}
"""Columns with ids of nobody: of rows, households, nodes and things."""


def test_no_name_is_left_behind() -> None:
    """Each column of an id says whose: of a person, then it is changed with them, or of none."""
    tables = [each for each in metadata.sorted_tables if each.name not in KEPT and not each.name.startswith("sync_")]
    ids = {column.name for table in tables for column in table.c if isinstance(column.type, Id)}
    assert ids - NOBODYS == NAMES
