"""What a voice says when something is refused: a sentence for each reason, for whoever stands before the device."""

from collections.abc import Mapping
from types import MappingProxyType

from rex_auth_edge.domain.refusals import Code

OTHERWISE = "That doesn't work just now. Please try again in a while."

_SAYS: Mapping[Code, str] = MappingProxyType({
    Code.CANNOT_ACT: "I can't do that for you. Please use your phone, or ask an owner of the house.",
    Code.INVALID_SCOPE: "That's nothing that I may do for you.",
    Code.UNAUTHORIZED_CLIENT: "I may not act for people here. An owner of the house can let me.",
    Code.INVALID_CLIENT: "I don't belong to this house any more. Please ask an owner.",
    Code.RATE_LIMITED: "That was too often. Please try again in a minute.",
})  # fmt: skip


def sentence(code: Code) -> str:
    """What to say for a refusal."""
    return _SAYS.get(code, OTHERWISE)
