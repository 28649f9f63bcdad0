"""Asking the cloud where a code leads, and to be let in by it; what its refusals are to whoever has typed it."""

from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.hub.misled import misled
from rex_auth_edge.exchange.hub.signed_line import SignedLine, body_of
from rex_auth_edge.exchange.messages import ENROLL, Enrol, Enrolled, Look, Offer
from rex_auth_edge.exchange.oversight import troubles, words
from rex_auth_edge.exchange.oversight.status import Status
from rex_auth_edge.exchange.trouble import CERTIFICATES, LineError, Trouble
from rex_auth_edge.sync.wire import encode

_Answer = TypeVar("_Answer", bound=Struct)

TRIES = 3
"""Where the answer is lost: the same hub may ask again with the same code."""
_NO_ANSWER = Refused(
    Code.CLOUD_UNREACHABLE,
    "Nobody answers at the cloud's address: look whether it is the right one, or try again",
    {"cloud": Trouble.UNREACHABLE},
    5,
)

_PAUSED = Refused(
    Code.CLOUD_UNREACHABLE,
    "Synchronisation is paused here: `rex-auth-edge sync resume` lets it go on",
    {"cloud": "paused"},
)
_BEGINNING = Refused(
    Code.CLOUD_UNREACHABLE, "Synchronisation is only beginning here: try again in a moment", {"cloud": "beginning"}, 5
)


async def offered(asking: SignedLine, wanted: Look, url: str) -> Offer | Refused:
    """Where the code leads, by the cloud at this address. The line is closed after it."""
    return await _asked(asking, wanted, url, Offer)


async def asked(asking: SignedLine, wanted: Enrol, url: str) -> Enrolled | Refused:
    """The answer of the cloud at this address. The line is closed after it."""
    return await _asked(asking, wanted, url, Enrolled)


async def _asked(asking: SignedLine, wanted: Struct, url: str, answer: type[_Answer]) -> _Answer | Refused:
    body = encode(wanted)
    try:
        for left in reversed(range(TRIES)):
            try:
                return _read(await asking.ask(ENROLL, body), answer)
            except LineError as error:
                if error.trouble not in {Trouble.UNREACHABLE, Trouble.DAMAGED} or not left:
                    return refusal(error, url)
    finally:
        asking.close()
    return _NO_ANSWER


def _read(raw: bytes, wanted: type[_Answer]) -> _Answer:
    body = body_of(raw, wanted)
    if body is None:
        raise LineError(Trouble.DAMAGED)
    return body


def not_running(status: Status) -> Refused:
    """Why nothing is asked of the cloud for a household that is enrolled."""
    if status.paused:
        return _PAUSED
    return unheard(status, LineError(status.trouble)) if status.trouble else _BEGINNING


def unheard(status: Status, error: LineError) -> Refused:
    """Why nothing was done for a household that is enrolled: what there is to do, where the cloud has shut it out."""
    why = words.shut_out(replace(status, trouble=error.trouble))
    return refusal(error) if why is None else Refused(Code.CLOUD_REFUSED, why, {"cloud": error.trouble})


def refusal(error: LineError, url: str = "") -> Refused:
    """What it is to a person, who has just typed this address if any."""
    if error.trouble == Trouble.UNREACHABLE:
        return _NO_ANSWER
    if url and (found := misled(error, url)) is not None:
        return found
    if error.trouble in CERTIFICATES:
        return Refused(Code.CLOUD_UNREACHABLE, troubles.TROUBLES[error.trouble], {"cloud": error.trouble})
    said = error.message or troubles.said_of(error.trouble)
    return Refused(Code.CLOUD_REFUSED, said, {"cloud": error.trouble})
