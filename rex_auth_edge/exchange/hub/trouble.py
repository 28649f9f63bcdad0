"""Why a round has failed, as a code that `exchange.oversight.words` puts into a sentence."""

UNREACHABLE, BUSY, TOO_OFTEN, DAMAGED = "unreachable", "busy", "too_often", "damaged"
HUB_OLDER, CLOUD_OLDER = "hub_older", "cloud_older"
CERTIFICATE, EARLY, EXPIRED = "certificate", "certificate_early", "certificate_expired"
ANOTHER_NAME, UNVOUCHED, NO_AUTHORITY = "certificate_name", "certificate_authority", "no_authority"
CERTIFICATES = frozenset({CERTIFICATE, EARLY, EXPIRED, ANOTHER_NAME, UNVOUCHED, NO_AUTHORITY})
"""Why whoever answers at the cloud's address isn't believed to be the cloud."""
MALFORMED, UNKNOWN_KEY, STORAGE = "malformed", "unknown_key", "storage"
PROOF, NO_CLOUD, FAILING, SEALED, TOO_LARGE = "proof", "no_cloud", "failing", "sealed", "too_large"
NO_TLS = "no_tls"
LOCKED, REMOVED, GREET = "locked", "removed", "greet"
LASTING = frozenset({
    *("version", HUB_OLDER, CLOUD_OLDER),
    *(UNKNOWN_KEY, PROOF, SEALED, NO_AUTHORITY),
    *("cloud_behind", "forged", "repeated"),
})  # fmt: skip
"""Troubles that end by what somebody does alone: they are told of where nothing is tried as well."""


class LineError(Exception):
    """The cloud hasn't done what was asked. `told` is how many milliseconds it asks to wait, `message` what it says."""

    def __init__(self, trouble: str, told: int = 0, message: str = "") -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.told = told
        self.message = message
