"""Asking the cloud to let this hub in, and what its refusals are to whoever has typed the code."""

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.hub import trouble
from rex_auth_edge.exchange.hub.misled import misled
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.hub.trouble import LineError
from rex_auth_edge.exchange.messages import ENROLL, Enrol, Enrolled
from rex_auth_edge.exchange.oversight import words
from rex_auth_edge.sync.wire import WireError, decode, encode, name_of

_TRIES = 3
"""Where the answer is lost: the same hub may ask again with the same code."""
_NO_ANSWER = Refused(
    Code.CLOUD_UNREACHABLE,
    "Nobody answers at the cloud's address: look whether it is the right one, or try again",
    {"cloud": trouble.UNREACHABLE},
    5,
)


async def asked(asking: SignedLine, wanted: Enrol, url: str) -> Enrolled | Refused:
    """The answer of the cloud at this address. The line is closed after it."""
    body = encode(wanted)
    try:
        for left in reversed(range(_TRIES)):
            try:
                return _enrolled(await asking.ask(ENROLL, body))
            except LineError as error:
                if error.trouble not in {trouble.UNREACHABLE, trouble.DAMAGED} or not left:
                    return refusal(error, url)
    finally:
        asking.close()
    return _NO_ANSWER


def _enrolled(answer: bytes) -> Enrolled:
    try:
        if name_of(answer) == Enrolled.__name__:
            return decode(answer, Enrolled)
    except WireError as error:
        raise LineError(trouble.DAMAGED) from error
    raise LineError(trouble.DAMAGED)


def refusal(error: LineError, url: str = "") -> Refused:
    """What it is to a person, who has just typed this address if any."""
    if error.trouble == trouble.UNREACHABLE:
        return _NO_ANSWER
    if url and (found := misled(error, url)) is not None:
        return found
    if error.trouble in trouble.CERTIFICATES:
        return Refused(Code.CLOUD_UNREACHABLE, words.TROUBLES[error.trouble], {"cloud": error.trouble})
    said = error.message or f"The cloud doesn't do it ({error.trouble})"
    return Refused(Code.CLOUD_REFUSED, said, {"cloud": error.trouble})
