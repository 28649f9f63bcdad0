"""What the console can have a hub do: one file per group, each verb a coroutine that takes and gives what JSON can say.

What takes long is done a page at a time, so that the hub goes on serving and the console can show how far it is.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from rex_auth_edge.verbs import (
    audit,
    clock,
    db,
    device,
    doctor,
    guests,
    household,
    invite,
    key,
    mail,
    moving,
    pairing,
    recovery,
    session,
    settings,
    setup,
    status,
    sync,
    sync_hubs,
    user,
    welcome,
)
from rex_auth_edge.verbs.reach import Reach, Verbs

__all__ = ["Reach", "verbs"]

_GROUPS: Mapping[str, Verbs] = {
    "audit": audit.VERBS,
    "clock": clock.VERBS,
    "db": db.VERBS,
    "device": device.VERBS,
    "doctor": doctor.VERBS,
    "household": household.VERBS,
    "invite": invite.VERBS,
    "key": key.VERBS,
    "mail": mail.VERBS,
    "pairing": pairing.VERBS,
    "pass": guests.VERBS,
    "moving": moving.VERBS,
    "recovery": recovery.VERBS,
    "session": session.VERBS,
    "settings": settings.VERBS,
    "setup": setup.VERBS,
    "status": status.VERBS,
    "sync": sync.VERBS,
    "sync_hubs": sync_hubs.VERBS,
    "user": user.VERBS,
    "welcome": welcome.VERBS,
}


def verbs(reach: Reach) -> Mapping[str, Callable[..., Awaitable[Any]]]:
    """Every verb by its name, like `key.rotate`."""
    return {
        f"{group}.{name}": partial(verb, reach)
        for group, group_verbs in _GROUPS.items()
        for name, verb in group_verbs.items()
    }
