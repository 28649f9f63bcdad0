"""How a device comes to trust the household's CA: a page for people, and Apple's profile."""

import plistlib
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from uuid import NAMESPACE_URL, uuid5


@dataclass(frozen=True, slots=True)
class Household:
    """The CA to be trusted: DER, its SHA-256 as people compare it, and a title for files."""

    certificate: bytes
    fingerprint: str
    title: str


def trust_page(household: Household, url: str) -> bytes:
    """The page: it leads to `url` once the device trusts the hub. One answer, since nothing else is served here."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - for people only, and seldom

    loader = PackageLoader("rex_auth_edge.web.pages")
    page = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("trust.html")
    pairs = household.fingerprint.split(":")
    lines = [" ".join(pairs[at : at + 8]) for at in range(0, len(pairs), 8)]
    return page.render(title=household.title, lines=lines, url=url, style=_style()).encode()


@cache
def trust_policy() -> str:
    """The page's Content-Security-Policy: its own style by its hash (CSP3 section 8.3), links, and nothing else."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return (files("rex_auth_edge.web.pages") / "static" / "rex.css").read_text()


def profile(household: Household) -> bytes:
    """Apple's configuration profile with the CA in it; the same CA always gives the same profile."""
    name = f"urn:sha256:{household.fingerprint}"
    inner = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"local.{household.title}.ca.certificate",
        "PayloadUUID": str(uuid5(NAMESPACE_URL, f"{name}#certificate")).upper(),
        "PayloadDisplayName": f"Household CA of {household.title}",
        "PayloadCertificateFileName": f"{household.title}.crt",
        "PayloadContent": household.certificate,
    }
    return plistlib.dumps({
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"local.{household.title}.ca",
        "PayloadUUID": str(uuid5(NAMESPACE_URL, name)).upper(),
        "PayloadDisplayName": f"REX hub {household.title}",
        "PayloadDescription": f"Lets this device trust your hub. Compare the SHA-256: {household.fingerprint}",
        "PayloadContent": [inner],
    })  # fmt: skip
