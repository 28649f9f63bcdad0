"""Refusals as HTTP: the only table from codes to statuses, and the one shape that every error has."""

import logging
import re
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from rex_auth_edge.domain.refusals import Code, Refused, RefusedError

STATUS: dict[Code, int] = {
    Code.ACCESS_DENIED: 400,
    Code.ACCOUNT_BANNED: 403,
    Code.ACCOUNT_TEMPORARILY_BANNED: 403,
    Code.ALREADY_ENROLLED: 409,
    Code.AUTHORIZATION_PENDING: 400,
    Code.BAD_REQUEST: 400,
    Code.BODY_TOO_LARGE: 413,
    Code.BUSY: 503,
    Code.CANNOT_ACT: 400,
    Code.CANNOT_CONFIRM: 409,
    Code.CLOUD_REFUSED: 409,
    Code.CLOUD_UNREACHABLE: 503,
    Code.CODE_ALREADY_SENT: 409,
    Code.CONFIRMATION_PAUSED: 403,
    Code.CSRF_FAILED: 403,
    Code.EMAIL_CHANGE_NOT_HERE: 400,
    Code.EMAIL_NOT_VERIFIED: 403,
    Code.EXPIRED_TOKEN: 400,
    Code.FRESH_SIGN_IN_REQUIRED: 403,
    Code.HOST_NOT_ALLOWED: 400,
    Code.HUB_REMOVED: 409,
    Code.INTERNAL: 500,
    Code.INVALID_BINDING_MESSAGE: 400,
    Code.INVALID_CLAIM_CODE: 403,
    Code.INVALID_CLIENT: 401,
    Code.INVALID_CREDENTIALS: 401,
    Code.INVALID_DPOP_PROOF: 400,
    Code.INVALID_EMAIL: 400,
    Code.INVALID_FIELD: 400,
    Code.INVALID_GRANT: 400,
    Code.INVALID_IMAGE: 400,
    Code.INVALID_INVITATION: 403,
    Code.INVALID_LABEL_SECRET: 403,
    Code.INVALID_OTP: 400,
    Code.INVALID_OTP_SESSION: 400,
    Code.INVALID_PAIRING_CODE: 400,
    Code.INVALID_PROOF: 401,
    Code.INVALID_RESET_TOKEN: 400,
    Code.INVALID_SCOPE: 400,
    Code.INVALID_SETUP_CODE: 403,
    Code.INVALID_TOKEN: 401,
    Code.INVALID_USERNAME: 400,
    Code.INVITE_REQUIRED: 403,
    Code.ISSUED_ELSEWHERE: 403,
    Code.LAST_OWNER: 409,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.MISSING_FIELD: 400,
    Code.MISSING_TOKEN: 401,
    Code.NOT_ALLOWED: 403,
    Code.NOT_ENROLLED: 409,
    Code.TOO_MANY_HUBS: 409,
    Code.NOT_FOUND: 404,
    Code.NOT_ON_LAN: 403,
    Code.ORIGIN_NOT_ALLOWED: 403,
    Code.OTP_ATTEMPTS_EXCEEDED: 429,
    Code.OTP_EXPIRED: 400,
    Code.OTP_USED: 400,
    Code.PAIRING_CLOSED: 403,
    Code.PAIRING_FULL: 409,
    Code.PICTURE_TOO_LARGE: 413,
    Code.RATE_LIMITED: 429,
    Code.RECOVERY_NOT_DUE: 409,
    Code.RECOVERY_RUNNING: 409,
    Code.REGISTRATION_CLOSED: 403,
    Code.RESEND_TOO_SOON: 429,
    Code.RESET_TOKEN_EXPIRED: 400,
    Code.SLUG_TAKEN: 409,
    Code.SLOW_DOWN: 400,
    Code.STORAGE_FULL: 503,
    Code.STORAGE_UNAVAILABLE: 503,
    Code.TOKEN_EXPIRED: 401,
    Code.UNAUTHORIZED_CLIENT: 400,
    Code.UNKNOWN_HUB: 401,
    Code.UNKNOWN_TENANT: 400,
    Code.UNKNOWN_USER_ID: 400,
    Code.UNSUPPORTED_GRANT_TYPE: 400,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.USE_DPOP_NONCE: 400,
    Code.USE_NONCE: 401,
    Code.USERNAME_TAKEN: 409,
    Code.VERSION_NOT_SPOKEN: 400,
    Code.WEAK_PASSWORD: 400,
    Code.WRONG_PASSWORD: 400,
}

ASK_AGAIN = frozenset({429, 503})
_OF_FRAMEWORK = {
    404: Refused(Code.NOT_FOUND, "There is nothing here"),
    405: Refused(Code.METHOD_NOT_ALLOWED, "This method is not allowed here"),
    413: Refused(Code.BODY_TOO_LARGE, "The request is too large"),
    415: Refused(Code.UNSUPPORTED_MEDIA_TYPE, "Send JSON or a form"),
}
internal = Refused(Code.INTERNAL, "The hub failed to do this; it has been logged. Try again later")
too_deep = Refused(Code.BAD_REQUEST, "The body is nested too deeply")
_MALFORMED = Refused(Code.BAD_REQUEST, "The request is malformed")
_NULLABLE = re.compile(r" \| (?:null|unset)")

_log = logging.getLogger("rex_auth_edge.web")


class Failure(Exception):  # noqa: N818 - never raised
    """Stands for an exception in the log: its type and place, without its text, which may hold what somebody typed."""


def log_failure(error: BaseException) -> None:
    """Log what nobody expected, with its traceback and its causes'."""
    shown = _without_text(error)
    _log.error("A request failed.", exc_info=(Failure, shown, shown.__traceback__))


def _without_text(error: BaseException) -> Failure:
    shown = Failure(type(error).__qualname__).with_traceback(error.__traceback__)
    if (cause := error.__cause__ or error.__context__) is not None:
        shown.__cause__ = _without_text(cause)
    return shown


def status_of(refused: Refused) -> int:
    """The HTTP status of a refusal."""
    return STATUS[refused.code]


def body_of(refused: Refused) -> dict[str, Any]:
    """The contract's error shape: the dashboard reads `message`, the mobile app `error`, programs `code`."""
    body: dict[str, Any] = {"message": refused.message, "error": refused.message, "code": refused.code.value}
    return body | ({"fields": dict(refused.fields)} if refused.fields else {})


def headers_of(refused: Refused) -> dict[str, str]:
    """`Retry-After` (RFC 9110 section 10.2.3) wherever asking again makes sense."""
    return {"Retry-After": str(refused.retry_after or 1)} if status_of(refused) in ASK_AGAIN else {}


def refusal(refused: Refused) -> Response[dict[str, Any]]:
    """A refusal as a response."""
    return Response(body_of(refused), status_code=status_of(refused), headers=headers_of(refused))


def _refused(_: Request[Any, Any, Any], error: RefusedError) -> Response[Any]:
    return refusal(error.refused)


def _invalid(_: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """A field of the wrong type, as msgspec found it."""
    found = error.extra if isinstance(error.extra, list) else []
    fields = {str(item["key"]): _NULLABLE.sub("", str(item["message"])) for item in found if item.get("key")}
    names = ", ".join(fields) or "the request"
    return refusal(Refused(Code.INVALID_FIELD, f"Wrong type or value in: {names}", fields))


def _deep(_: Request[Any, Any, Any], error: RecursionError) -> Response[Any]:  # noqa: ARG001 - by Litestar's signature
    """JSON that is nested deeper than the interpreter's stack."""
    return refusal(too_deep)


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What Litestar refuses by itself."""
    if error.status_code >= 500:  # noqa: PLR2004 - the first of the server's own errors
        return _bug(request, error)
    response = refusal(_OF_FRAMEWORK.get(error.status_code, _MALFORMED))
    if error.headers and (allow := error.headers.get("Allow") or error.headers.get("allow")):
        response.headers["Allow"] = allow
    return response


def _bug(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Whatever nobody expected; the traceback is logged, its values are not."""
    log_failure(error)
    return refusal(internal)


handlers: Any = {
    RefusedError: _refused,
    RecursionError: _deep,
    ValidationException: _invalid,
    HTTPException: _framework,
    Exception: _bug,
}
"""For Litestar's `exception_handlers`."""
