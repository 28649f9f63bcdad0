"""What whoever enrols a hub is told where the address that they typed isn't the cloud's."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.exchange.address import is_here
from rex_auth_edge.exchange.trouble import CERTIFICATES, LineError, Trouble

_LIKE = "the cloud's address is like https://cloud.example, without a path"
_ITS_OWN = "give the address that the cloud calls its own (REX_PUBLIC_URL there)"


def no_address(typed: str) -> Refused:
    """Why nobody is asked at what was typed."""
    try:
        found = urlsplit(typed.strip())
    except ValueError:
        found = urlsplit("")
    if found.scheme == "http" and found.hostname and not is_here(found.hostname):
        said = "Only https:// leads to a cloud, http:// to this same machine alone: write https:// before its name"
    elif found.username or found.password:
        said = f"No name and password belong in it: {_LIKE}"
    elif found.scheme and found.hostname and (found.path.strip("/") or found.query or found.fragment):
        said = f"Leave out what comes after the name: {_LIKE}"
    else:
        said = f"This is no address: {_LIKE}"
    return Refused(Code.INVALID_FIELD, said, {"url": "not an address"})


def misled(error: LineError, url: str) -> Refused | None:
    """Why whoever answers at this address isn't the cloud that was meant; None where that isn't the reason."""
    said = _SAID.get(error.trouble)
    if error.trouble == Trouble.NO_CLOUD and error.message:
        said = _NO_CLOUDS_PROGRAM
    code = Code.CLOUD_UNREACHABLE if error.trouble in _UNHEARD else Code.CLOUD_REFUSED
    if said is None:
        return None
    return Refused(code, said.format(url=url, said=error.message), {"cloud": error.trouble})


_UNHEARD = CERTIFICATES | {Trouble.NO_TLS}
_NO_CLOUDS_PROGRAM = "Another hub answers at {url}, it seems, which is no cloud: " + _ITS_OWN
_SAID: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(
        (Trouble.CERTIFICATE, Trouble.UNVOUCHED),
        "Who answers at {url} has no certificate to be believed, as another hub at home hasn't: " + _ITS_OWN + ". "
        "If it is the cloud, look whether this hub's clock is right; REX_SYNC_CA names an authority of its own",
    ),
    Trouble.ANOTHER_NAME: "Who answers at {url} has a certificate for another name: " + _ITS_OWN,
    Trouble.NO_TLS: "Who answers at {url} doesn't speak HTTPS: look at the port, and " + _ITS_OWN,
    Trouble.NO_CLOUD: "Something else answers at {url}, such as a web server or a Wi-Fi's sign-in page: " + _ITS_OWN,
    Trouble.PROOF: "The cloud doesn't take this hub's signature at {url}. {said}",
    Code.HOST_NOT_ALLOWED: "Who answers at {url} doesn't go by that name: " + _ITS_OWN,
})  # fmt: skip
