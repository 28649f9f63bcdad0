"""The API's document (OpenAPI 3.1): the only table from endpoints to what they refuse with.

The framework knows paths, bodies and answers. What it can't know is added here: the one shape of refusals, forms beside
JSON, and how a request shows its authority. `/openapi.json` serves the document, `/docs` renders it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import OpenAPI
from litestar.types import Method
from typing_extensions import override

from rex_auth_edge.domain.refusals import Code
from rex_auth_edge.web.api.messages import Problem
from rex_auth_edge.web.authority import SCHEMES
from rex_auth_edge.web.problems import ASK_AGAIN, STATUS

_METHODS = ("get", "post", "put", "patch", "delete")
_SCHEMAS = "#/components/schemas/{name}"
_FORM = "application/x-www-form-urlencoded"

_ALWAYS = (Code.HOST_NOT_ALLOWED, Code.INTERNAL)
_STORED = (Code.STORAGE_UNAVAILABLE,)
_SIGNED_IN = (Code.MISSING_TOKEN, Code.INVALID_TOKEN, Code.TOKEN_EXPIRED, *_STORED)
_UNSAFE = (
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
_PERSON: Security = [{"bearer": []}, {"cookie": []}]
_PERSON_UNSAFE: Security = [{"bearer": []}, {"cookie": [], "csrf": []}]
_REFRESH: Security = [{"refresh_cookie": []}, {"refresh_header": []}]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Its group, what it refuses with beside the general, and how a request shows its authority if not a person's."""

    tag: str
    refusals: tuple[Code, ...] = ()
    security: Security | None = field(default_factory=lambda: _ANYBODY)


def _person(tag: str, *refusals: Code) -> _Endpoint:
    return _Endpoint(tag, (*_SIGNED_IN, *refusals), None)


_HOUSE = "Household"
_OAUTH = (
    *(Code.INVALID_CLIENT, Code.INVALID_GRANT, Code.INVALID_DPOP_PROOF, Code.USE_DPOP_NONCE),
    *(Code.UNSUPPORTED_GRANT_TYPE, Code.RATE_LIMITED, Code.BUSY, *_TYPED, *_STORED),
)
"""`error` says what RFC 6749 section 5.2 has for them."""
_FOR_PEOPLE = (Code.CANNOT_ACT, Code.INVALID_SCOPE, Code.UNAUTHORIZED_CLIENT)


def _acting(*refusals: Code) -> _Endpoint:
    """An act that not everybody may do, and nobody without a fresh sign-in."""
    return _person(_HOUSE, Code.NOT_ALLOWED, Code.FRESH_SIGN_IN_REQUIRED, *refusals)


ENDPOINTS: dict[str, _Endpoint] = {
    "registration_initiate": _Endpoint(
        "Registration",
        (*_TYPED, Code.INVALID_EMAIL, *_USERNAME, *_NEW_PASSWORD, *_JOINING, Code.RATE_LIMITED, *_STORED),
    ),
    "registration_verify": _Endpoint("Registration", (*_TYPED, *_PROVEN, *_PENDING, *_USERNAME, *_TAKING, *_STORED)),
    "registration_resend": _Endpoint("Registration", (*_TYPED, *_PENDING, Code.RESEND_TOO_SOON, *_STORED)),
    "signin_login": _Endpoint(
        "Sessions",
        (*_TYPED, Code.INVALID_CREDENTIALS, *_BANNED, Code.EMAIL_NOT_VERIFIED, Code.RATE_LIMITED, Code.BUSY, *_STORED),
    ),
    "signin_refresh": _Endpoint(
        "Sessions",
        (Code.INVALID_FIELD, Code.INVALID_TOKEN, Code.RATE_LIMITED, *_STORED),
        [*_REFRESH, {"refresh_bearer": []}, *_ANYBODY],
    ),
    "signin_logout": _person("Sessions"),
    "signin_logout_all": _person("Sessions"),
    "signin_logout_others": _person("Sessions"),
    "signin_reauthenticate": _person("Sessions", *_TYPED, Code.WRONG_PASSWORD, Code.RATE_LIMITED, Code.BUSY),
    "validation_validate": _Endpoint(
        "Sessions", (*_SIGNED_IN, Code.RATE_LIMITED, Code.STORAGE_FULL), [*_PERSON, *_REFRESH]
    ),
    "validation_csrf": _Endpoint("Sessions"),
    "forward_ask": _Endpoint(
        "Sessions",
        (*_SIGNED_IN, Code.NOT_ALLOWED, Code.ORIGIN_NOT_ALLOWED, Code.INVALID_FIELD, Code.RATE_LIMITED),
        [*_PERSON],
    ),
    "passwords_forgot": _Endpoint("Passwords", (*_TYPED, Code.INVALID_EMAIL, Code.RATE_LIMITED, *_STORED)),
    "passwords_look": _Endpoint("Passwords", _RESET),
    "passwords_look_posted": _Endpoint("Passwords", _RESET),
    "passwords_reset": _Endpoint("Passwords", (*_RESET, *_NEW_PASSWORD)),
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
    "sessions_history": _person("Sessions", Code.INVALID_FIELD),
    "house_read": _person(_HOUSE),
    "house_rename": _acting(*_TYPED),
    "house_claim": _person(_HOUSE, *_TYPED, Code.INVALID_SETUP_CODE, Code.RATE_LIMITED),
    "house_policy": _person(_HOUSE, Code.NOT_ALLOWED),
    "house_change_policy": _acting(Code.INVALID_FIELD),
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
    "pairing_ask": _Endpoint(
        "Devices",
        (
            *(Code.INVALID_CLIENT, Code.INVALID_DPOP_PROOF, Code.USE_DPOP_NONCE, Code.PAIRING_CLOSED),
            *(Code.PAIRING_FULL, Code.RATE_LIMITED, Code.BUSY, *_TYPED, *_STORED),
        ),
    ),
    "oauth_token": _Endpoint(
        "Devices",
        (*_OAUTH, *_FOR_PEOPLE, Code.AUTHORIZATION_PENDING, Code.SLOW_DOWN, Code.EXPIRED_TOKEN, Code.ACCESS_DENIED),
    ),
    "presence_start": _Endpoint(
        "Passwords", (*_LABEL, Code.UNKNOWN_TENANT, Code.RECOVERY_RUNNING, Code.REGISTRATION_CLOSED)
    ),
    "presence_finish": _Endpoint(
        "Passwords", (*_LABEL, Code.UNKNOWN_TENANT, Code.INVALID_OTP, Code.RECOVERY_NOT_DUE, Code.NOT_FOUND)
    ),
    "recoveries_read": _person(_HOUSE, Code.NOT_ALLOWED),
    "recoveries_veto": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "childasks_ask": _Endpoint("Registration", _CHILD),
    "childasks_look": _Endpoint("Registration", (*_TYPED, Code.INVALID_OTP_SESSION, Code.RATE_LIMITED, *_STORED)),
    "children_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "children_approve": _acting(*_TYPED, *_USERNAME, Code.NOT_FOUND, Code.NOT_ON_LAN, Code.INVALID_OTP),
    "children_refuse": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "passes_list": _person(_HOUSE, Code.NOT_ALLOWED),
    "passes_create": _acting(*_TYPED),
    "passes_revoke": _person(_HOUSE, Code.NOT_ALLOWED, Code.NOT_FOUND),
    "guestpass_show": _Endpoint("Devices", (Code.INVALID_FIELD, Code.INVALID_GRANT, Code.RATE_LIMITED, *_STORED)),
    "confirming_ask": _Endpoint(
        "Devices",
        (
            *(Code.INVALID_CLIENT, Code.INVALID_DPOP_PROOF, Code.USE_DPOP_NONCE, Code.RATE_LIMITED, Code.BUSY),
            *(Code.UNAUTHORIZED_CLIENT, Code.UNKNOWN_USER_ID, Code.INVALID_SCOPE, Code.INVALID_BINDING_MESSAGE),
            *(Code.CONFIRMATION_PAUSED, *_TYPED, *_STORED),
        ),
    ),
    "oauth_introspect": _Endpoint("Devices", (*_OAUTH, Code.NOT_ALLOWED)),
    "oauth_revoke": _Endpoint("Devices", _OAUTH),
    "oauth_status": _Endpoint("Devices", (Code.INVALID_FIELD, Code.NOT_FOUND, *_STORED)),
    "discovery": _Endpoint("Devices"),
    "live": _Endpoint("Machines"),
    "ready": _Endpoint("Machines", _STORED),
    "jwks": _Endpoint("Machines"),
}


_IDENTITY = ("Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "X-Rex-Subject", "X-Rex-Household")


class DocumentConfig(OpenAPIConfig):
    """Litestar's configuration; the document is made when somebody first asks for it."""

    @override
    def to_openapi_schema(self) -> OpenAPI:
        made = super().to_openapi_schema()
        return _Document(**{each.name: getattr(made, each.name) for each in fields(made)})


class _Document(OpenAPI):
    @override
    def to_schema(self) -> dict[str, Any]:
        return _completed(super().to_schema())


def operation_id(handler: HTTPRouteHandler, _: Method, path: list[Any]) -> str:
    """The handler's name and, behind two underscores, the path: the same in every run, and different for aliases."""
    name = handler.fn.__qualname__.rpartition("<locals>.")[2].replace(".", "_").lower()
    parts = [part if isinstance(part, str) else part.name for part in path]
    return f"{name}__{'_'.join(parts)}".translate({ord("-"): "_", ord("."): "_"})


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document["components"]
    components["schemas"] = dict(sorted({**components["schemas"], **_problem()}.items()))
    components["securitySchemes"] = SCHEMES
    document["paths"] = dict(sorted(document["paths"].items()))
    for item in document["paths"].values():
        for method in _METHODS:
            if (operation := item.get(method)) is not None:
                _complete(operation, method)
    return document


def _problem() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([Problem], ref_template=_SCHEMAS)
    schemas["Problem"]["properties"]["code"]["enum"] = [code.value for code in Code]
    return schemas


def _complete(operation: dict[str, Any], method: str) -> None:
    name = operation["operationId"].partition("__")[0]
    endpoint, unsafe = ENDPOINTS[name], method != "get"
    codes = {*_ALWAYS, *endpoint.refusals, *(_UNSAFE if unsafe else ())}
    operation["tags"] = [endpoint.tag]
    operation["security"] = endpoint.security or (_PERSON_UNSAFE if unsafe else _PERSON)
    if operation["security"] is _PERSON_UNSAFE:
        codes.add(Code.CSRF_FAILED)
    if (body := operation.get("requestBody")) is not None:
        body["content"][_FORM] = body["content"]["application/json"]
        body["required"] = False
    answers = operation["responses"]
    operation["responses"] = {"200": _good(name, answers["200"]), **_refusals(codes)}
    if name == "forward_ask":
        # With redirect=true the same refusal sends a browser to the sign-in page.
        operation["responses"]["302"] = operation["responses"]["401"]


def _good(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    """What the framework can't see of an answer that was made by hand."""
    if name == "ready":
        answer["content"]["application/json"]["schema"] = {"$ref": _SCHEMAS.format(name="Health")}
    if name == "forward_ask":
        answer = {"headers": {name: {"schema": {"type": "string"}} for name in _IDENTITY}}
    if name == "jwks":
        answer["content"] = {"application/jwk-set+json": {"schema": {"type": "object", "required": ["keys"]}}}
    return {**answer, "description": "OK"}


def _refusals(codes: Iterable[Code]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(STATUS[code], []).append(code.value)
    content = {"application/json": {"schema": {"$ref": _SCHEMAS.format(name="Problem")}}}
    retry = {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer"}}}
    return {
        str(status): {"description": ", ".join(named), "content": content}
        | ({"headers": retry} if status in ASK_AGAIN else {})
        for status, named in sorted(by_status.items())
    }
