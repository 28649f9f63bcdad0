"""What a device or an app at home imports: it needs nothing of the hub's own rooms but domain.

`Hub` is where a device's program begins. Everything here blocks and none of it starts a thread; what isn't used isn't
imported.
"""

from typing import TYPE_CHECKING, Any

from rex_auth_edge.client.reasons import (
    HubError,
    HubRefusedError,
    HubUnreachableError,
    NotPairedError,
    NotTheHubError,
    Reason,
    TokenRefusedError,
)

if TYPE_CHECKING:
    from rex_auth_edge.client.hub import Hub
    from rex_auth_edge.client.pair import Wish
    from rex_auth_edge.client.shown import Proof

__all__ = [
    "Hub",
    "HubError",
    "HubRefusedError",
    "HubUnreachableError",
    "NotPairedError",
    "NotTheHubError",
    "Proof",
    "Reason",
    "TokenRefusedError",
    "Wish",
]

_WHERE = {"Hub": "hub", "Proof": "shown", "Wish": "pair"}


def __getattr__(name: str) -> Any:
    """What is larger comes when it is asked for."""
    if name not in _WHERE:
        raise AttributeError(name)
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"rex_auth_edge.client.{_WHERE[name]}"), name)
