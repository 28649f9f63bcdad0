"""How many examples a property is tried with: everywhere the same properties, in CI with more of them."""

from rex_auth_edge import machine

_LESS = 3


def examples(many: int) -> int:
    """So many in CI, and a third of them on a laptop, where one waits for it."""
    return many if machine.environment().get("CI") == "true" else max(many // _LESS, 1)
