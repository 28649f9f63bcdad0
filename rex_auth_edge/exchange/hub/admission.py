"""SignedLine the cloud to let this hub in, and what its refusals are to whoever has typed the code."""

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.hub import trouble
from rex_auth_edge.exchange.hub.signed_line import SignedLine
from rex_auth_edge.exchange.hub.trouble import LineError
from rex_auth_edge.exchange.messages import ENROLL, Enrol, Enrolled
from rex_auth_edge.sync.wire import WireError, decode, encode, name_of

_TRIES = 3
"""Where the answer is lost: the same hub may ask again with the same code."""
_NO_ANSWER = Refused(Code.CLOUD_UNREACHABLE, "The cloud can't be reached at this address; try again", retry_after=5)
_NO_CERTIFICATE = Refused(
    Code.CLOUD_UNREACHABLE, "Nobody with a certificate to be believed answers there; is this hub's clock right?"
)


async def asked(asking: SignedLine, wanted: Enrol) -> Enrolled | Refused:
    """The cloud's answer. The line is closed after it."""
    body = encode(wanted)
    try:
        for left in reversed(range(_TRIES)):
            try:
                return _enrolled(await asking.ask(ENROLL, body))
            except LineError as error:
                if error.trouble not in {trouble.UNREACHABLE, trouble.DAMAGED} or not left:
                    return refusal(error)
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


def refusal(error: LineError) -> Refused:
    """What it is to a person."""
    if error.trouble == trouble.UNREACHABLE:
        return _NO_ANSWER
    if error.trouble == trouble.CERTIFICATE:
        return _NO_CERTIFICATE
    said = error.message or f"The cloud doesn't do it ({error.trouble})"
    return Refused(Code.CLOUD_REFUSED, said, {"cloud": error.trouble})
