"""Finding and mending the row in which a hub differs from the cloud, in four questions for a million rows."""

from rex_auth_edge.sync.bodies import Compare, Compared
from rex_auth_edge.sync.digest import DEPTH, Path, differing
from rex_auth_edge.sync.hub.store import HubStore
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.wire import encode


def question(store: HubStore, lane: Lane, path: Path) -> bytes:
    """Ask for what lies below this branch."""
    me = store.me()
    return encode(Compare(me.epoch, lane, me.cursors[lane], path), me.version)


def further(store: HubStore, lane: Lane, path: Path, answer: Compared) -> list[Path]:
    """Where to ask next; below a leaf there is nowhere, and its rows have been made equal."""
    if answer.at != store.me().cursors[lane]:
        return []
    if len(path) < DEPTH:
        return [(*path, each) for each in differing(store.tree(lane).below(path), answer.sums)]
    theirs = {row.cell: row for row in answer.rows}
    for row in store.leaf(lane, path):
        if row.cell not in theirs:
            store.drop_row(row.cell)
    for cell, row in theirs.items():
        if store.row(cell) != row:
            store.put_row(row)
    return []
