"""Why a round has failed: a `Trouble`, or for what the cloud has refused it (`Why`, or what a newer cloud says)."""

from enum import StrEnum

from rex_auth_edge.sync.bodies import Why


class Trouble(StrEnum):
    """What there is beside the cloud's refusals; `oversight.troubles` has a sentence for each."""

    UNREACHABLE = "unreachable"
    NO_TLS = "no_tls"
    CERTIFICATE = "certificate"
    EARLY = "certificate_early"
    EXPIRED = "certificate_expired"
    ANOTHER_NAME = "certificate_name"
    UNVOUCHED = "certificate_authority"
    NO_AUTHORITY = "no_authority"
    NO_CLOUD = "no_cloud"
    BUSY = "busy"
    TOO_OFTEN = "too_often"
    FAILING = "failing"
    DAMAGED = "damaged"
    PROOF = "proof"
    HUB_OLDER = "hub_older"
    CLOUD_OLDER = "cloud_older"
    STORAGE = "storage"
    SEALED = "sealed"


CERTIFICATES = frozenset({
    *(Trouble.CERTIFICATE, Trouble.EARLY, Trouble.EXPIRED),
    *(Trouble.ANOTHER_NAME, Trouble.UNVOUCHED, Trouble.NO_AUTHORITY),
})  # fmt: skip
"""Why whoever answers at the cloud's address isn't believed to be the cloud."""
LASTING = frozenset({
    *(Why.VERSION, Trouble.HUB_OLDER, Trouble.CLOUD_OLDER),
    *(Why.UNKNOWN_KEY, Trouble.PROOF, Trouble.SEALED, Trouble.NO_AUTHORITY),
    *(Why.CLOUD_BEHIND, Why.FORGED, Why.REPEATED),
})  # fmt: skip
"""Troubles that end by what somebody does alone: they are told of where nothing is tried as well."""


class LineError(Exception):
    """The cloud hasn't done what was asked. `retry_after` is in milliseconds, `message` what it says."""

    def __init__(self, trouble: str, retry_after: int = 0, message: str = "") -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.retry_after = retry_after
        self.message = message
