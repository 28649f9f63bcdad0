"""Why a round has failed, in a sentence for whoever owns the hub: what it comes to, or what they can do."""

from collections.abc import Mapping
from types import MappingProxyType

from rex_auth_edge.exchange.trouble import Trouble
from rex_auth_edge.sync.bodies import Why

TROUBLES: Mapping[str, str] = MappingProxyType({
    Trouble.UNREACHABLE: (
        "The cloud can't be reached. What is done here counts here, and goes there once the line is back."
    ),
    Trouble.CERTIFICATE: (
        "Nobody with a certificate to be believed answers as the cloud: look at the clock of this hub."
    ),
    Trouble.NO_TLS: "At the cloud's address something else answers, that doesn't speak HTTPS: look at its port.",
    Trouble.EARLY: (
        "By this machine's clock the cloud's certificate isn't valid yet. If the clock is wrong, set it (see "
        "`rex-auth-edge clock show`); if it is right, tell the cloud's operator."
    ),
    Trouble.EXPIRED: (
        "By this machine's clock the cloud's certificate has expired. If the clock is wrong, set it (see "
        "`rex-auth-edge clock show`); if it is right, tell the cloud's operator."
    ),
    Trouble.ANOTHER_NAME: (
        "Whoever answers at the cloud's address has a certificate for another name: a Wi-Fi's sign-in page, somebody "
        "who poses as the cloud, or a mistake of its operator's."
    ),
    Trouble.UNVOUCHED: (
        "Nobody whom this hub believes vouches for the cloud's certificate. If the cloud has an authority of its own, "
        "REX_SYNC_CA has to name its file; if it hasn't, somebody may pose as the cloud."
    ),
    Trouble.NO_AUTHORITY: "This hub can't read the authority's certificate in the file that REX_SYNC_CA names.",
    Trouble.BUSY: "The cloud has too much to do, and asked this hub to wait.",
    Trouble.TOO_OFTEN: "This hub, or this address, has asked the cloud more often than it may, and was asked to wait.",
    Why.MALFORMED: "What this hub sends arrives changed, or cut off: look at what lies between it and the cloud.",
    Trouble.DAMAGED: "What the cloud sends arrives changed, or cut off: look at what lies between it and this hub.",
    Why.VERSION: "This hub and the cloud have no version of the exchange in common: upgrade whichever is older.",
    Trouble.HUB_OLDER: "This hub's program is too old for the cloud: update this hub.",
    Trouble.CLOUD_OLDER: "The cloud's program is too old for this hub: the cloud's operator has to update it.",
    Why.UNKNOWN_KEY: "The cloud doesn't know this hub's key: enrol this hub anew.",
    Why.CLOUD_BEHIND: "The cloud has less than it once had, and doesn't know that it was restored: tell its operator.",
    Why.FORGED: "The cloud refuses what this hub says as not its to say: tell its operator.",
    Trouble.STORAGE: (
        "This hub can't write down what the cloud says: its disk is full or fails. See `rex-auth-edge doctor`."
    ),
    Trouble.PROOF: "The cloud doesn't take this hub's signature: enrol it at the address that the cloud calls its own.",
    Trouble.NO_CLOUD: (
        "At the cloud's address something else answers: a Wi-Fi's sign-in page, or a program that is no cloud."
    ),
    Trouble.FAILING: "The cloud fails at what this hub asks: tell its operator.",
    Trouble.SEALED: "This hub can't open its own keys any more, since SECRET_KEY is another: enrol this hub anew.",
    Why.TOO_LARGE: "A single change is too large for the cloud: tell its operator.",
    Why.REPEATED: "There may be two copies of this hub: turn the other one off, or enrol this one anew.",
    Why.GREET: "The cloud asks over and over again who this hub is: tell its operator.",
    Why.LOCKED: (
        "There are two copies of this hub, and the cloud listens to neither: only revocations still arrive. Turn the "
        "other one off, and enrol this one anew: `rex-auth-edge sync enroll`, with a claim code that an owner gets in "
        "the cloud."
    ),
    Why.REMOVED: (
        "An owner has removed this hub from the household's cloud for good: what is done here counts here alone. "
        "`rex-auth-edge sync forget` leaves that cloud; if it was a mistake, `rex-auth-edge sync enroll` with a new "
        "claim code then lets it in as another hub, and everybody here signs in again."
    ),
})  # fmt: skip


def said_of(trouble: str) -> str:
    """A trouble in words."""
    return TROUBLES.get(trouble, f"The cloud refuses what this hub asks ({trouble}).")
