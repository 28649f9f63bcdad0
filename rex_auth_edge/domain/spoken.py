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
    Code.UNKNOWN_USER_ID: "I can't ask that person to confirm. Please use your phone, or ask an owner of the house.",
    Code.CONFIRMATION_PAUSED: "I've asked for this before, so I won't ask again for a while.",
    Code.INVALID_BINDING_MESSAGE: "I can't put that into words for your phone.",
    Code.AUTHORIZATION_PENDING: "I'm still waiting for your answer on your phone.",
    Code.SLOW_DOWN: "I'm still waiting for your answer on your phone.",
    Code.ACCESS_DENIED: "That was refused on the phone, so I won't do it.",
    Code.EXPIRED_TOKEN: "Nobody answered on the phone in time, so I won't do it. Just ask me again.",
    Code.INVALID_GRANT: "I've done that already, or it was too long ago. Please ask me again.",
    Code.RATE_LIMITED: "That was too often. Please try again in a minute.",
})  # fmt: skip


def sentence(code: Code) -> str:
    """What to say for a refusal."""
    return _SAYS.get(code, OTHERWISE)
