"""Refusals: what a flow returns instead of a result, with a closed set of codes, free of HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class Code(StrEnum):
    """Every reason a caller can be refused for; `web/problems.py` gives each its HTTP status."""

    ACCESS_DENIED = "access_denied"
    ACCOUNT_BANNED = "account_permanently_banned"
    ACCOUNT_TEMPORARILY_BANNED = "account_temporarily_banned"
    ALREADY_ENROLLED = "already_enrolled"
    AUTHORIZATION_PENDING = "authorization_pending"
    BAD_REQUEST = "bad_request"
    BODY_TOO_LARGE = "body_too_large"
    BUSY = "busy"
    CANNOT_ACT = "cannot_act"
    CANNOT_CONFIRM = "cannot_confirm"
    CLOUD_REFUSED = "cloud_refused"
    CLOUD_UNREACHABLE = "cloud_unreachable"
    CODE_ALREADY_SENT = "code_already_sent"
    CONFIRMATION_PAUSED = "confirmation_paused"
    CSRF_FAILED = "csrf_failed"
    EMAIL_CHANGE_NOT_HERE = "email_change_not_here"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    EXPIRED_TOKEN = "expired_token"
    FRESH_SIGN_IN_REQUIRED = "fresh_sign_in_required"
    HOST_NOT_ALLOWED = "host_not_allowed"
    HUB_REMOVED = "hub_removed"
    INTERNAL = "internal_error"
    INVALID_BINDING_MESSAGE = "invalid_binding_message"
    INVALID_CLAIM_CODE = "invalid_claim_code"
    INVALID_CLIENT = "invalid_client"
    INVALID_CREDENTIALS = "invalid_credentials"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    INVALID_EMAIL = "invalid_email"
    INVALID_FIELD = "invalid_field"
    INVALID_GRANT = "invalid_grant"
    INVALID_IMAGE = "invalid_image"
    INVALID_INVITATION = "invalid_invitation"
    INVALID_LABEL_SECRET = "invalid_label_secret"
    INVALID_OTP = "invalid_otp"
    INVALID_OTP_SESSION = "invalid_otp_session"
    INVALID_PAIRING_CODE = "invalid_pairing_code"
    INVALID_PROOF = "invalid_proof"
    INVALID_RESET_TOKEN = "invalid_reset_token"
    INVALID_SCOPE = "invalid_scope"
    INVALID_SETUP_CODE = "invalid_setup_code"
    INVALID_TOKEN = "invalid_token"
    INVALID_USERNAME = "invalid_username"
    INVITE_REQUIRED = "invite_required"
    ISSUED_ELSEWHERE = "issued_elsewhere"
    LAST_OWNER = "last_owner"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    MISSING_FIELD = "missing_field"
    MISSING_TOKEN = "missing_token"
    NOT_ALLOWED = "not_allowed"
    NOT_ENROLLED = "not_enrolled"
    NOT_FOUND = "not_found"
    NOT_ON_LAN = "not_on_lan"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    OTP_ATTEMPTS_EXCEEDED = "otp_attempts_exceeded"
    OTP_EXPIRED = "otp_expired"
    OTP_USED = "otp_already_used"
    PAIRING_CLOSED = "pairing_closed"
    PAIRING_FULL = "pairing_full"
    PICTURE_TOO_LARGE = "picture_too_large"
    RATE_LIMITED = "rate_limited"
    RECOVERY_NOT_DUE = "recovery_not_due"
    RECOVERY_RUNNING = "recovery_running"
    REGISTRATION_CLOSED = "registration_closed"
    RESEND_TOO_SOON = "resend_too_soon"
    RESET_TOKEN_EXPIRED = "reset_token_expired"
    SLUG_TAKEN = "slug_taken"
    SLOW_DOWN = "slow_down"
    STORAGE_FULL = "storage_full"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    TOKEN_EXPIRED = "token_expired"
    TOO_MANY_HUBS = "too_many_hubs"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNKNOWN_HUB = "unknown_hub"
    UNKNOWN_TENANT = "unknown_tenant"
    UNKNOWN_USER_ID = "unknown_user_id"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    USE_DPOP_NONCE = "use_dpop_nonce"
    USE_NONCE = "use_nonce"
    USERNAME_TAKEN = "username_taken"
    VERSION_NOT_SPOKEN = "version_not_spoken"
    WEAK_PASSWORD = "weak_password"
    WRONG_PASSWORD = "wrong_password"


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal as a value, so that a punishment decided with it is committed and not rolled back.

    `message` is a sentence that a person can act on, `fields` names the fields at fault, and
    `retry_after` is in seconds.
    """

    code: Code
    message: str
    fields: Mapping[str, str] = field(default_factory=lambda: _NO_FIELDS)
    retry_after: int | None = None


class RefusedError(Exception):
    """Carries a `Refused` out of a place that can't return one (a gate before the handler)."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


def missing(**fields: object) -> Refused | None:
    """The refusal for those of `fields` that are None or empty, or None when all are there."""
    absent = [name for name, value in fields.items() if value in {None, ""}]
    if not absent:
        return None
    return Refused(
        Code.MISSING_FIELD,
        "Missing required fields: " + ", ".join(absent),
        dict.fromkeys(absent, "required"),
    )


GONE = Refused(Code.INVALID_TOKEN, "This account is no longer there; sign in again")
"""For a token that is good, of somebody who was removed meanwhile."""
