"""Why something doesn't go: for tokens a closed set of reasons, for the hub what a device's program can do about it."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a token is refused. Programs switch on these; the set only grows."""

    MALFORMED = "malformed"
    TYPE = "wrong_type"
    ALGORITHM = "wrong_algorithm"
    KEY = "wrong_key"
    SIGNATURE = "wrong_signature"
    ISSUER = "wrong_issuer"
    AUDIENCE = "wrong_audience"
    HOUSEHOLD = "wrong_household"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    TOO_LONG_OFFLINE = "too_long_offline"
    LIST_STALE = "list_stale"
    LIST_ROLLED_BACK = "list_rolled_back"
    REVOKED = "revoked"
    PROOF = "wrong_proof"
    SCOPE = "missing_scope"
    ACR = "insufficient_user_authentication"


_SAYS = {
    Reason.MALFORMED: "This is no token.",
    Reason.TYPE: "This is a token of another type than an access token.",
    Reason.ALGORITHM: "The token is signed by an algorithm that isn't accepted.",
    Reason.KEY: "The token names a key that the hub hadn't published when it was last asked.",
    Reason.SIGNATURE: "The token's signature is wrong: it was forged or changed.",
    Reason.ISSUER: "The token comes from somebody other than this household's hub.",
    Reason.AUDIENCE: "The token is for others than this household's devices.",
    Reason.HOUSEHOLD: "The token is another household's.",
    Reason.NOT_YET_VALID: "The token isn't valid yet.",
    Reason.EXPIRED: "The token has expired.",
    Reason.TOO_LONG_OFFLINE: "This device hasn't reached the hub for too long to know who may still enter.",
    Reason.LIST_STALE: "The list of revoked tokens is too old; it has to be fetched from the hub again.",
    Reason.LIST_ROLLED_BACK: "The hub offers an older list of revoked tokens than this device has seen.",
    Reason.REVOKED: "The token has been revoked.",
    Reason.PROOF: "The token is bound to a key, and whoever shows it hasn't proved to hold that key.",
    Reason.SCOPE: "The token doesn't allow this.",
    Reason.ACR: "The token's person has to confirm this on their phone first.",
}


class TokenRefusedError(Exception):
    """A token isn't accepted. `reason` says why, `str()` says it to people. It never holds the token."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(_SAYS[reason])
        self.reason = reason


class HubError(Exception):
    """Something with the hub; the text is a sentence that says what to do."""


class HubUnreachableError(HubError):
    """The hub doesn't answer at any address known: try later, go on with what is cached meanwhile."""


class NotTheHubError(HubError):
    """What answers isn't the hub that was pinned: never go on."""


class NotPairedError(HubError):
    """The device isn't paired with a hub, or the hub no longer knows it: pair it again."""


class HubRefusedError(HubError):
    """The hub said no. `code` is OAuth's error code (RFC 6749 section 5.2) or the hub's own.

    `say` is a sentence for whoever stands before the device, where there is one.
    """

    def __init__(self, code: str, message: str, status: int = 400, say: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.say = say
