"""A refusal as a page shows it: a sentence at the top that leads to the field, and one beside the field."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rex_auth_edge.domain.refusals import Code, Refused

_MISSING = "Please fill this in"
_BANNED = "Wait until the ban is over, choose a new password by “Forgot your password?”, or ask an owner to lift it"
_SAID: dict[Code, str] = {
    Code.ACCOUNT_BANNED: "Too many wrong passwords: sign-in is closed. Choose a new password, or ask an owner",
    Code.ACCOUNT_TEMPORARILY_BANNED: f"Too many wrong passwords: sign-in is closed for a while. {_BANNED}",
    Code.CSRF_FAILED: "This form was open for too long, or cookies are off. Please send it once more",
    Code.INVALID_CREDENTIALS: "That name and password do not belong together. Please check both",
    Code.INVALID_EMAIL: "That is no e-mail address",
    Code.INVALID_OTP: "That is not the code. Please check the latest letter",
    Code.MISSING_FIELD: "Something is missing",
    Code.OTP_ATTEMPTS_EXCEEDED: "Too many wrong codes. Please register again",
    Code.OTP_EXPIRED: "This code is too old. Ask for a new one",
    Code.USERNAME_TAKEN: "Somebody has this username already. Please choose another",
    Code.WEAK_PASSWORD: "This password is too easy to guess",
    Code.WRONG_PASSWORD: "That is not your password",
}
"""Sentences for people where the API's are for programmers too; everything else is said as the flow says it."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """`summary` are sentences with the field that each leads to; `fields` what stands beside each, line by line."""

    summary: list[tuple[str, str | None]] = field(default_factory=list)
    fields: Mapping[str, list[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.summary)


def shown(refused: Refused | None, called: Mapping[str, str]) -> Wrong:
    """The refusal; `called` says what the page calls the flow's fields where it has other names for them."""
    if refused is None:
        return Wrong()
    named = [called.get(name, name) for name in refused.fields]
    by_letter = "screen_code" not in refused.fields
    sentence = _SAID.get(refused.code, refused.message) if by_letter else refused.message
    if refused.code is Code.MISSING_FIELD:
        return Wrong([(f"{_MISSING}: {_words(name)}", name) for name in named], {name: [_MISSING] for name in named})
    if refused.code is Code.WEAK_PASSWORD:
        reasons = next(iter(refused.fields.values())).split("; ")
        return Wrong([(sentence, named[0])], {named[0]: [f"{sentence}. It has to be:", *reasons]})
    return Wrong([(sentence, named[0] if named else None)], {name: [sentence] for name in named})


def _words(name: str) -> str:
    return {"otp": "the code", "email": "e-mail"}.get(name, name.replace("_", " "))
