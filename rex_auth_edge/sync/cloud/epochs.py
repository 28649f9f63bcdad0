"""The cloud's epochs: each restore of it begins one, so that what it gives places to then is told from what it forgot.

A place that was given once is never given again: an epoch's number must be one that was never begun before.
"""

from msgspec.structs import replace

from rex_auth_edge.sync.cloud.store import CloudStore, Standing
from rex_auth_edge.sync.order import Position

_AHEAD = 1000
"""Epochs by which a hub may know more: the rest is a lie, or another cloud's."""
_MOST = 256
"""Epochs that hubs may have begun: nobody is restored more often, and the household's record has to hold them."""


def begin_epoch(store: CloudStore, epoch: int) -> None:
    """The cloud has been restored: hubs read it anew, and tell it again what it has forgotten."""
    standing = store.standing()
    began = {**standing.began, epoch: standing.at}
    store.put_standing(replace(standing, at=Position(epoch, standing.at.seq), began=began))


def is_behind(standing: Standing, epoch: int, told: Position) -> bool:
    """Whether a hub has been told of an epoch or a place that the cloud knows nothing of, having been restored."""
    return epoch > standing.at.epoch or told > standing.at


def catch_up(store: CloudStore, epoch: int) -> bool:
    """Nobody has said that the cloud was restored, and a hub knows of this epoch: begin a later one; False if absurd.

    Whichever hub says so costs its own household the reading of all rows, and nothing else.
    """
    standing = store.standing()
    if epoch > standing.at.epoch + _AHEAD or len(standing.began) >= _MOST:
        return False
    begin_epoch(store, max(epoch, standing.at.epoch) + 1)
    return True


def cut_of(standing: Standing, epoch: int) -> Position:
    """The last place that counts of what a node has that knows this epoch."""
    later = [number for number in standing.began if number > epoch]
    return standing.began[min(later)] if later else standing.at


def has_forgotten(standing: Standing, at: Position) -> bool:
    """Whether the cloud may have given this place and been restored to before it, whoever it gave that to."""
    return min(standing.began) <= at.epoch < standing.at.epoch and at > cut_of(standing, at.epoch)
