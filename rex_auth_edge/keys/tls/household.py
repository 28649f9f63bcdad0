"""The household's CA in the data directory: made at the first start, and the hub's certificate renewed by it.

`root.pem` and `intermediate.pem` are made once, root first; `hub.pem` is what the server presents. Each holds a private
key with its certificate and chain, and is replaced at one stroke, so that whenever the power goes the next start finds
each of them whole or missing. What is missing is made again, but a root that can't be read is never replaced: every
device in the house trusts it.
"""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from rex_auth_edge.domain.clock import Clock
from rex_auth_edge.domain.entropy import Entropy
from rex_auth_edge.domain.failures import ExplainedError
from rex_auth_edge.domain.hub_names import certifiable, host_of, hosts_of
from rex_auth_edge.keys.options import BUNDLE
from rex_auth_edge.keys.tls import issue, shelf, spans
from rex_auth_edge.keys.tls.issue import Issued
from rex_auth_edge.keys.tls.spans import Span

ROOT = "root.pem"
INTERMEDIATE = "intermediate.pem"

_log = logging.getLogger(__name__)


class CaError(ExplainedError):
    """The household's CA can't be used; the text says what to do."""


class HouseholdCa:
    """The CA of the hub with this unit id. `addresses` tells the machine's own, as texts without zones.

    Not for two threads at a time.
    """

    def __init__(
        self, data_dir: Path, unit_id: str, clock: Clock, entropy: Entropy, addresses: Callable[[], frozenset[str]]
    ) -> None:
        self.directory = (data_dir / BUNDLE).parent
        self._unit_id = unit_id
        self._clock = clock
        self._entropy = entropy
        self._addresses = addresses
        self._present = host_of(unit_id)
        self._root: Issued | None = None
        self._told = False

    @property
    def bundle(self) -> Path:
        """The file with the hub's key and chain, for the server."""
        return self.directory / BUNDLE.name

    @property
    def present_name(self) -> str:
        """The name that the hub has on the LAN now: its own, or one with a number while that is taken."""
        return self._present

    def rename(self, label: str) -> None:
        """The hub is called `label` (without `.local`) from now on; the next `renew` makes the certificate say so."""
        if f"{label}.local" in hosts_of(self._unit_id):
            self._present = f"{label}.local"

    def open(self) -> None:
        """Load the CA, make what is missing of it, and renew what is due. Raises CaError."""
        try:
            shelf.prepare(self.directory)
            self._root = self._opened_root()
        except OSError as error:
            raise CaError(_unusable(self.directory, error)) from error
        self.renew()

    def certificate(self) -> bytes:
        """The root in DER, for devices to trust. After `open`."""
        return self._trusted().certificate.public_bytes(serialization.Encoding.DER)

    def fingerprint(self) -> str:
        """SHA-256 of the root's DER, in lower-case hex: what people compare. After `open`."""
        return hashlib.sha256(self.certificate()).hexdigest()

    def renew(self) -> bool:
        """Renew what is due by time, name or addresses; whether the hub has another certificate now.

        Raises CaError where it can't be kept.
        """
        try:
            return self._renew()
        except OSError as error:
            raise CaError(_unusable(self.directory, error)) from error

    def _trusted(self) -> Issued:
        if self._root is None:
            raise RuntimeError("the CA isn't open")
        return self._root

    def _opened_root(self) -> Issued:
        path, hosts = self.directory / ROOT, hosts_of(self._unit_id)
        content = _content(path)
        if content is None:
            span = spans.authority(self._clock.now(), spans.ROOT_LIFE)
            made = issue.root(hosts, self._unit_id, span, self._entropy)
            shelf.put(path, made.pem())
            return made
        found = _parsed(content)
        if found is None:
            raise CaError(
                f"The household's CA in {path} is damaged: bring it back from a backup. "
                f"(Without one: delete {self.directory}; every device must then be told to trust the new CA.)"
            )
        if issue.constrained_to(found.certificate) != set(hosts):
            raise CaError(
                f"The household's CA in {path} was made for another hub, not for {hosts[0]}: bring back the file "
                f"unit-id that belongs to it, or delete {self.directory} for a new CA, which every device must then "
                "be told to trust."
            )
        return found

    def _renew(self) -> bool:
        above = self._intermediate(self._trusted())
        names = frozenset({host_of(self._unit_id), self._present})
        addresses = certifiable(self._addresses())
        found, span = _parsed(_content(self.bundle)), spans.own(self._clock.now(), above.certificate)
        if span is None:
            self._tell_of_the_end()
            # A certificate that few will accept still lets a person look, and get the clock right.
            span = Span.of(above.certificate)
        if found is not None and not self._own_due(found, above, names | addresses):
            return False
        shelf.put(self.bundle, issue.own(above, sorted(names), addresses, span, self._entropy).pem())
        said = ", ".join([*sorted(names), *sorted(addresses)])
        _log.info("The hub has a new certificate for %s, good until %s.", said, spans.moment(span.end).date())
        return True

    def _own_due(self, found: Issued, above: Issued, wanted: frozenset[str]) -> bool:
        chained = found.issued_by(above) and found.above == (above.certificate,)
        fits = chained and issue.named(found.certificate) == wanted
        return not fits or spans.own_due(found.certificate, above.certificate, self._clock.now())

    def _intermediate(self, root: Issued) -> Issued:
        path, now, life = self.directory / INTERMEDIATE, self._clock.now(), spans.INTERMEDIATE_LIFE
        found = _parsed(_content(path))
        chained = found is not None and found.issued_by(root)
        if found is not None and chained and not spans.authority_due(found.certificate, root.certificate, now, life):
            return found
        span = spans.authority(now, life).within(Span.of(root.certificate))
        made = issue.intermediate(root, hosts_of(self._unit_id), self._unit_id, span, self._entropy)
        shelf.put(path, made.pem())
        return made

    def _tell_of_the_end(self) -> None:
        if not self._told:
            self._told = True
            wall = spans.believed(self._clock.now())
            _log.warning(
                "The hub's clock says %s, when the household's CA has ended: its certificate isn't renewed. "
                "Check the clock. If it is right, delete %s for a new CA, which every device must be told to trust.",
                spans.moment(wall).date(), self.directory,
            )  # fmt: skip


def fingerprint(data_dir: Path) -> str | None:
    """The SHA-256 of a hub's household CA in lower-case hex, whether or not the hub runs; None where there is none.

    Raises CaError.
    """
    path = (data_dir / BUNDLE).parent / ROOT
    try:
        content = _content(path)
    except OSError as error:
        raise CaError(_unusable(path, error)) from error
    if content is None:
        return None
    try:
        return x509.load_pem_x509_certificate(content).fingerprint(hashes.SHA256()).hex()
    except ValueError as error:
        raise CaError(f"The household's CA in {path} is damaged: bring it back from a backup.") from error


def spelled(text: str) -> str:
    """A fingerprint as systems show it to people: `0A:1B:...`."""
    upper = text.upper()
    return ":".join(upper[at : at + 2] for at in range(0, len(upper), 2))


def _content(path: Path) -> bytes | None:
    try:
        return shelf.read(path)
    except shelf.OpenToOthersError as error:
        raise CaError(f"Others may read the private key in {path}: run `chmod 600 {path}`.") from error


def _parsed(content: bytes | None) -> Issued | None:
    """What a file holds; None for nothing and for damage."""
    try:
        return None if content is None else Issued.from_pem(content)
    except ValueError:
        return None


def _unusable(path: Path, error: OSError) -> str:
    return f"The household's CA can't be kept in {path}: {error.strerror}. Check its owner, permissions and free space."
