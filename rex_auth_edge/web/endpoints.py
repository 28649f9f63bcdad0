"""Every endpoint of the API: its group, what it refuses with, and how a request shows its authority."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rex_auth_edge.domain.refusals import Code

ALWAYS = (Code.HOST_NOT_ALLOWED, Code.INTERNAL)
_STORED = (Code.STORAGE_UNAVAILABLE,)
_SIGNED_IN = (Code.MISSING_TOKEN, Code.INVALID_TOKEN, Code.TOKEN_EXPIRED, *_STORED)
UNSAFE = (
    *(Code.ORIGIN_NOT_ALLOWED, Code.BAD_REQUEST, Code.BODY_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE),
    Code.STORAGE_FULL,
)
_TYPED = (Code.INVALID_FIELD, Code.MISSING_FIELD)
_NEW_PASSWORD = (Code.WEAK_PASSWORD, Code.BUSY)
_RESET = (*_TYPED, Code.INVALID_RESET_TOKEN, Code.RESET_TOKEN_EXPIRED, Code.RATE_LIMITED, *_STORED)
_BANNED = (Code.ACCOUNT_TEMPORARILY_BANNED, Code.ACCOUNT_BANNED)
_PENDING = (Code.INVALID_OTP_SESSION, Code.RATE_LIMITED)
_TAKING = (Code.REGISTRATION_CLOSED, Code.INVITE_REQUIRED, Code.INVALID_INVITATION, Code.INVALID_SETUP_CODE)
_JOINING = (*_TAKING, Code.UNKNOWN_TENANT)
_USERNAME = (Code.INVALID_USERNAME, Code.USERNAME_TAKEN)
_PROVEN = (Code.INVALID_OTP, Code.OTP_EXPIRED, Code.OTP_USED, Code.OTP_ATTEMPTS_EXCEEDED)
_ASKING = (Code.REGISTRATION_CLOSED, Code.UNKNOWN_TENANT)
_CHILD = (*_TYPED, *_USERNAME, *_NEW_PASSWORD, *_STORED, Code.NOT_ON_LAN, Code.RATE_LIMITED, *_ASKING)

_LABEL = (*_TYPED, Code.NOT_ON_LAN, Code.INVALID_LABEL_SECRET, Code.RATE_LIMITED, *_STORED)

Security = list[Mapping[str, list[str]]]
_ANYBODY: Security = [{}]
PERSON: Security = [{"bearer": []}, {"cookie": []}]
PERSON_UNSAFE: Security = [{"bearer": []}, {"cookie": [], "csrf": []}]
_REFRESH: Security = [{"refresh_cookie": []}, {"refresh_header": []}]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Its group, what it refuses with beside the general, and how a request shows its authority if not a person's."""

    tag: str
    refusals: tuple[Code, ...] = ()
    security: Security | None = field(default_factory=lambda: _ANYBODY)


def _person(tag: str, *refusals: Code) -> Endpoint:
    return Endpoint(tag, (*_SIGNED_IN, *refusals), None)


_HOUSE = "Household"
_OAUTH = (
    *(Code.INVALID_CLIENT, Code.INVALID_GRANT, Code.INVALID_DPOP_PROOF, Code.USE_DPOP_NONCE),
    *(Code.UNSUPPORTED_GRANT_TYPE, Code.RATE_LIMITED, Code.BUSY, *_TYPED, *_STORED),
)
"""`error` says what RFC 6749 section 5.2 has for them."""
_FOR_PEOPLE = (Code.CANNOT_ACT, Code.INVALID_SCOPE, Code.UNAUTHORIZED_CLIENT)


def _acting(*refusals: Code) -> Endpoint:
    """An act that not everybody may do, and nobody without a fresh sign-in."""
    return _person(_HOUSE, Code.NOT_ALLOWED, Code.FRESH_SIGN_IN_REQUIRED, *refusals)


ENDPOINTS: dict[str, Endpoint] = {
    "registration_initiate": Endpoint(
        "Registration",
        (*_TYPED, Code.INVALID_EMAIL, *_USERNAME, *_NEW_PASSWORD, *_JOINING, Code.RATE_LIMITED, *_STORED),
    ),
    "registration_verify": Endpoint("Registration", (*_TYPED, *_PROVEN, *_PENDING, *_USERNAME, *_TAKING, *_STORED)),
    "registration_resend": Endpoint("Registration", (*_TYPED, *_PENDING, Code.RESEND_TOO_SOON, *_STORED)),
    "signin_login": Endpoint(
        "Sessions",
        (*_TYPED, Code.INVALID_CREDENTIALS, *_BANNED, Code.EMAIL_NOT_VERIFIED, Code.RATE_LIMITED, Code.BUSY, *_STORED),
    ),
    "signin_refresh": Endpoint(
        "Sessions",
        (Code.INVALID_FIELD, Code.INVALID_TOKEN, Code.RATE_LIMITED, *_STORED),
        [*_REFRESH, {"refresh_bearer": []}, *_ANYBODY],
    ),
    "signin_logout": _person("Sessions"),
    "signin_logout_all": _person("Sessions"),
    "signin_logout_others": _person("Sessions"),
    "signin_reauthenticate": _person("Sessions", *_TYPED, Code.WRONG_PASSWORD, Code.RATE_LIMITED, Code.BUSY),
    "validation_validate": Endpoint(
        "Sessions", (*_SIGNED_IN, Code.RATE_LIMITED, Code.STORAGE_FULL), [*PERSON, *_REFRESH]
    ),
    "validation_csrf": Endpoint("Sessions"),
    "forward_ask": Endpoint(
        "Sessions",
        (*_SIGNED_IN, Code.NOT_ALLOWED, Code.ORIGIN_NOT_ALLOWED, Code.INVALID_FIELD, Code.RATE_LIMITED),
        [*PERSON],
    ),
    "passwords_forgot": Endpoint("Passwords", (*_TYPED, Code.INVALID_EMAIL, Code.RATE_LIMITED, *_STORED)),
    "passwords_look": Endpoint("Passwords", _RESET),
    "passwords_look_posted": Endpoint("Passwords", _RESET),
    "passwords_reset": Endpoint("Passwords", (*_RESET, *_NEW_PASSWORD)),
    "passwords_change": _person("Passwords", *_TYPED, Code.WRONG_PASSWORD, *_NEW_PASSWORD, Code.RATE_LIMITED),
    "profile_read": _person("Profile"),
    "profile_change": _person("Profile", Code.INVALID_FIELD, *_USERNAME, Code.EMAIL_CHANGE_NOT_HERE),
    "profile_put": _person("Profile", Code.INVALID_FIELD, *_USERNAME, Code.EMAIL_CHANGE_NOT_HERE),
    "profile_set_picture": _person("Profile", *_TYPED, Code.INVALID_IMAGE, Code.PICTURE_TOO_LARGE),
    "profile_remove_picture": _person("Profile"),
    "sessions_list": _person("Sessions"),
    "sessions_end_others": _person("Sessions"),
    "sessions_end": _person("Sessions", Code.NOT_FOUND),
    "confirmations_list": _person("Confirmations"),
    "confirmations_approve": _person("Confirmations", Code.NOT_FOUND, Code.FRESH_SIGN_IN_REQUIRED),
    "confirmations_deny": _person("Confirmations", Code.NOT_FOUND),
    "confirmations_voice": _person("Confirmations"),
    "confirmations_set_voice": _person("Confirmations", Code.INVALID_FIELD, Code.FRESH_SIGN_IN_REQUIRED),
    "notices_list": _person("Profile"),
    "notices_read": _person("Profile", Code.NOT_FOUND),
    "sessions_history": _person("Sessions", Code.INVALID_FIELD),
    "house_read": _person(_HOUSE),
    "house_rename": _acting(*_TYPED),
    "house_claim": _person(_HOUSE, *_TYPED, Code.INVALID_SETUP_CODE, Code.RATE_LIMITED),
    "house_policy": _person(_HOUSE, Code.NOT_ALLOWED),
    "house_change_policy": _acting(Code.INVALID_FIELD, Code.NOT_ENROLLED),
    "house_audit": _person(_HOUSE, Code.INVALID_FIELD, Code.NOT_ALLOWED),
    "invites_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "invites_create": _acting(*_TYPED, Code.INVALID_EMAIL),
    "invites_revoke": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "invites_codes": _person(_HOUSE, Code.NOT_ALLOWED),
    "invites_hand_over": _acting(Code.NOT_FOUND, Code.CODE_ALREADY_SENT),
    "members_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "members_add": _acting(*_TYPED, *_USERNAME, *_NEW_PASSWORD),
    "members_read": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "members_change": _acting(*_TYPED, Code.NOT_FOUND, Code.LAST_OWNER),
    "members_remove": _acting(Code.NOT_FOUND, Code.LAST_OWNER),
    "members_disable": _acting(Code.NOT_FOUND, Code.LAST_OWNER),
    "members_enable": _acting(Code.NOT_FOUND),
    "members_pardon": _acting(Code.NOT_FOUND),
    "members_reset": _acting(Code.NOT_FOUND),
    "membersactivity_list": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "membersactivity_end_all": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "membersactivity_end": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "membersactivity_history": _person(_HOUSE, Code.INVALID_FIELD, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "devices_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "devices_add": _acting(*_TYPED),
    "devices_change": _acting(Code.INVALID_FIELD, Code.NOT_FOUND),
    "devices_suspend": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "devices_resume": _acting(Code.NOT_FOUND),
    "devices_remove": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "pairingwindow_read": _person(_HOUSE, Code.NOT_ALLOWED),
    "pairingwindow_open": _acting(Code.INVALID_FIELD),
    "pairingwindow_close": _person(_HOUSE, Code.NOT_ALLOWED),
    "asks_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "asks_look": _person(_HOUSE, *_TYPED, Code.NOT_ALLOWED, Code.INVALID_PAIRING_CODE, Code.RATE_LIMITED),
    "asks_approve": _acting(*_TYPED, Code.NOT_FOUND, Code.INVALID_PAIRING_CODE, Code.INVALID_GRANT, Code.RATE_LIMITED),
    "asks_deny": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "pairing_ask": Endpoint(
        "Devices",
        (
            *(Code.INVALID_CLIENT, Code.INVALID_DPOP_PROOF, Code.USE_DPOP_NONCE, Code.PAIRING_CLOSED),
            *(Code.PAIRING_FULL, Code.RATE_LIMITED, Code.BUSY, *_TYPED, *_STORED),
        ),
    ),
    "oauth_token": Endpoint(
        "Devices",
        (*_OAUTH, *_FOR_PEOPLE, Code.AUTHORIZATION_PENDING, Code.SLOW_DOWN, Code.EXPIRED_TOKEN, Code.ACCESS_DENIED),
    ),
    "presence_start": Endpoint(
        "Passwords", (*_LABEL, Code.UNKNOWN_TENANT, Code.RECOVERY_RUNNING, Code.REGISTRATION_CLOSED)
    ),
    "presence_finish": Endpoint(
        "Passwords", (*_LABEL, Code.UNKNOWN_TENANT, Code.INVALID_OTP, Code.RECOVERY_NOT_DUE, Code.NOT_FOUND)
    ),
    "recoveries_read": _person(_HOUSE, Code.NOT_ALLOWED),
    "recoveries_veto": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "childasks_ask": Endpoint("Registration", _CHILD),
    "childasks_look": Endpoint("Registration", (*_TYPED, Code.INVALID_OTP_SESSION, Code.RATE_LIMITED, *_STORED)),
    "children_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "children_approve": _acting(*_TYPED, *_USERNAME, Code.NOT_FOUND, Code.NOT_ON_LAN, Code.INVALID_OTP),
    "children_refuse": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "passes_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "passes_create": _acting(*_TYPED),
    "passes_revoke": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "syncing_read": _person(_HOUSE, Code.NOT_ALLOWED),
    "syncing_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "syncing_confirm": _acting(Code.NOT_FOUND, Code.CANNOT_CONFIRM, Code.LAST_OWNER),
    "syncing_dismiss": _acting(Code.NOT_FOUND),
    "syncing_clear": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "guestpass_show": Endpoint("Devices", (Code.INVALID_FIELD, Code.INVALID_GRANT, Code.RATE_LIMITED, *_STORED)),
    "confirming_ask": Endpoint(
        "Devices",
        (
            *(Code.INVALID_CLIENT, Code.INVALID_DPOP_PROOF, Code.USE_DPOP_NONCE, Code.RATE_LIMITED, Code.BUSY),
            *(Code.UNAUTHORIZED_CLIENT, Code.UNKNOWN_USER_ID, Code.INVALID_SCOPE, Code.INVALID_BINDING_MESSAGE),
            *(Code.CONFIRMATION_PAUSED, *_TYPED, *_STORED),
        ),
    ),
    "oauth_introspect": Endpoint("Devices", (*_OAUTH, Code.NOT_ALLOWED)),
    "oauth_revoke": Endpoint("Devices", _OAUTH),
    "oauth_status": Endpoint("Devices", (Code.INVALID_FIELD, Code.NOT_FOUND, *_STORED)),
    "discovery": Endpoint("Devices"),
    "live": Endpoint("Machines"),
    "ready": Endpoint("Machines", _STORED),
    "jwks": Endpoint("Machines"),
}

IN_THE_CLOUD = {"hubs_list": _acting(), "hubs_claim": _acting(*_TYPED), "hubs_remove": _acting(*_TYPED, Code.NOT_FOUND)}
"""Those that a hub hasn't."""
