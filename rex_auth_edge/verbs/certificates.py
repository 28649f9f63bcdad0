"""What can be wrong with the certificate that the hub shows: unreadable, for another name, over or nearly so."""

from cryptography import x509

from rex_auth_edge.domain.clock import DAY, Moment
from rex_auth_edge.domain.hub_names import hosts_of
from rex_auth_edge.keys.tls import CaError, fingerprint, spelled
from rex_auth_edge.keys.tls.issue import named
from rex_auth_edge.keys.tls.spans import Span, moment
from rex_auth_edge.settings import Settings
from rex_auth_edge.verbs.finding import FAIL, OK, SKIPPED, WARN, Finding

_NAME = "certificate"
_SOON = 14 * DAY
_OWN = "The hub renews it by itself while it runs: check its clock, and its log (journalctl -u rex-auth-edge)."
_FILES = "Put a new one in its place: a hub that runs takes it into use by itself."


def finding(settings: Settings, now: Moment) -> Finding:
    """The hub's own certificate, or the owner's files."""
    files = settings.listen.tls
    if files is None:
        return Finding(_NAME, SKIPPED, "The hub serves without TLS.")
    try:
        content = files.certificate.read_bytes()
        shown = x509.load_pem_x509_certificates(content)[0]
        authority = fingerprint(settings.data_dir) if settings.listen.household_ca else None
    except OSError as error:
        advice = "Start the hub once, which makes it." if settings.listen.household_ca else "Check REX_TLS."
        return Finding(_NAME, FAIL, f"{files.certificate} can't be read: {error.strerror}.", advice)
    except ValueError:
        return Finding(_NAME, FAIL, f"{files.certificate} holds no certificate.", _advice(settings))
    except CaError as error:
        return Finding(_NAME, FAIL, str(error))
    return _looked_at(settings, shown, authority, now)


def _advice(settings: Settings) -> str:
    return _OWN if settings.listen.household_ca else _FILES


def _looked_at(settings: Settings, shown: x509.Certificate, authority: str | None, now: Moment) -> Finding:
    span, names = Span.of(shown), named(shown)
    begins, ends = moment(span.begin).date(), moment(span.end).date()
    if now.wall < span.begin:
        return Finding(_NAME, FAIL, f"It is good only from {begins} on.", "Check the hub's clock, and the certificate.")
    if now.wall > span.end:
        return Finding(_NAME, FAIL, f"It has ended on {ends}.", _advice(settings))
    if not names & _called(settings):
        called = ", ".join(sorted(names)) or "nothing"
        advice = "Take a certificate for the name by which people open the hub, or set REX_ALLOWED_HOSTS to its name."
        return Finding(_NAME, WARN, f"It is for {called}, and not for {settings.host}.", advice)
    if span.end - now.wall < _SOON:
        return Finding(_NAME, WARN, f"It ends on {ends}.", _advice(settings))
    vouched = f"; the household's CA is {spelled(authority)} (SHA-256)" if authority else ""
    return Finding(_NAME, OK, f"For {', '.join(sorted(names & _called(settings)))}, until {ends}{vouched}.")


def _called(settings: Settings) -> frozenset[str]:
    """The names by which people may open the hub."""
    own = hosts_of(settings.unit_id) if settings.unit_id else ()
    return frozenset({settings.host, *own, *settings.web.allowed_hosts})
