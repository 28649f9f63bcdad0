"""A pull: the rows of a lane that a hub hasn't got, and whether both have the same."""

from collections.abc import Callable

from msgspec.structs import replace

from rex_auth_edge.sync.bodies import Compare, Compared, Page, Pull, Refusal, Row, Why
from rex_auth_edge.sync.cloud.store import CloudStore
from rex_auth_edge.sync.digest import DEPTH, FAN
from rex_auth_edge.sync.kinds import closing
from rex_auth_edge.sync.order import Lane
from rex_auth_edge.sync.state import EMPTY
from rex_auth_edge.sync.wire import LARGEST_BODY, encode, pack_state, unpack_state

MOST_ROWS = 1000
"""Of a page: twice a push's changes, since a hub that was away reads its own as well as others'."""
MOST_GONE = 500
"""Of a page's ids of who is forgotten: the hub takes each out with all of its cells, in one transaction."""
_LARGEST = 1024 * 1024
"""Bytes of a page's rows before they are compressed; one row is given in any case."""


def page(store: CloudStore, pull: Pull, most: int) -> Page:
    """The next rows, and who is forgotten. `whole` where there's no more of either: then it knows all to `upto`."""
    return _in_bounds(lambda most: _page(store, pull, most), most)


def _in_bounds(made: Callable[[int], Page], most: int) -> Page:
    """The page of `most` rows, or of half as many and so on, until it fits into an answer or has one row."""
    answer = made(most)
    while len(answer.rows) > 1 and _bytes(answer) > LARGEST_BODY < len(encode(answer)):
        answer = made(len(answer.rows) // 2)
    return answer


def _page(store: CloudStore, pull: Pull, most: int) -> Page:
    standing = store.standing()
    found = store.rows(pull.lane, pull.after, most + 1)
    rows = _fitting(found[:most])
    every = len(rows) == len(found)
    buried = store.buried(pull.pruned, MOST_GONE + 1)
    gone = buried[:MOST_GONE]
    answer = Page(
        epoch=standing.at.epoch,
        lane=pull.lane,
        after=pull.after,
        upto=standing.at if every else rows[-1].at,
        whole=every and gone == buried,
        rows=tuple(rows),
        durable=standing.durable,
        gone=tuple(subject for _, subject in gone),
        pruned=max([pull.pruned, *(number for number, _ in gone)]),
    )
    if not pull.root or found or gone:
        return answer
    return replace(answer, agrees=pull.root == store.tree(pull.lane).root)


def _bytes(page: Page) -> int:
    return sum(len(row.state) + 64 for row in page.rows) + sum(len(subject) + 2 for subject in page.gone)


def _fitting(found: list[Row]) -> list[Row]:
    rows: list[Row] = []
    size = 0
    for row in found:
        size += len(row.state) + 64
        if rows and size > _LARGEST:
            break
        rows.append(row)
    return rows


def revocations(store: CloudStore, pull: Pull) -> Page:
    """What a hub may still learn that is locked out: only what closes doors, past what it has heard."""
    return _in_bounds(lambda most: _revocations(store, pull, most), MOST_ROWS)


def _revocations(store: CloudStore, pull: Pull, most: int) -> Page:
    since = max(pull.after, pull.heard)
    found = store.rows(Lane.SECURITY, since, most) if pull.lane == Lane.SECURITY else []
    parts = [(row, closing(row.kind, unpack_state(row.state))) for row in found]
    rows = tuple(replace(row, state=pack_state(part)) for row, part in parts if part != EMPTY)
    upto = found[-1].at if found else since
    return Page(store.standing().at.epoch, pull.lane, since, upto, whole=False, rows=rows, partial=True)


def compare(store: CloudStore, asked: Compare) -> Compared | Refusal:
    """A branch's sums, or a leaf's rows, where the hub has read as far as the cloud has written."""
    if asked.epoch != store.standing().at.epoch or store.rows(asked.lane, asked.at, 1):
        return Refusal(Why.MOVED)
    if len(asked.path) > DEPTH or not all(0 <= each < FAN for each in asked.path):
        return Refusal(Why.MALFORMED)
    if len(asked.path) == DEPTH:
        return Compared(asked.at, rows=tuple(store.leaf(asked.lane, asked.path)))
    return Compared(asked.at, sums=store.tree(asked.lane).below(asked.path))
