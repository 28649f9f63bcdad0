"""What a real browser makes of the hub's certificate, where it trusts the household's CA and where it doesn't."""

import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from rex_auth_edge.keys.tls import issue, spans
from rex_auth_edge.keys.tls.issue import Issued
from rex_auth_edge.machine import SystemClock
from tests.doubles import SeededEntropy
from tests.tls import chromium
from tests.tls.programs import needed
from tests.tls.secure import Secure


@pytest.fixture(autouse=True)
def _installed() -> None:
    needed(chromium="chromium", certutil="libnss3-tools")


def test_one_that_trusts_it(hub: Secure, tmp_path: Path) -> None:
    """From port 80 it is led to HTTPS without a warning, into a secure context; by address too."""
    home = chromium.home(tmp_path / "home", hub.certificate())
    with chromium.browsing(home, hub.host) as page:
        page.goto(f"http://{hub.host}:{hub.ports['http']}/docs")
        assert page.url == f"https://{hub.host}:{hub.ports['https']}/docs"
        assert page.evaluate("isSecureContext")
        answer = page.goto(f"https://127.0.0.1:{hub.ports['https']}/docs")
        assert answer is not None
        details = answer.security_details()
        assert details is not None
        assert details["protocol"] == "TLS 1.3"


def test_one_that_does_not(hub: Secure, tmp_path: Path) -> None:
    """It refuses, and gets nothing of the hub's."""
    home = chromium.home(tmp_path / "home", None)
    with chromium.browsing(home, hub.host) as page:
        for host in (hub.host, "127.0.0.1"):
            with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
                page.goto(f"https://{host}:{hub.ports['https']}/docs")


def test_another_name_is_refused(hub: Secure, tmp_path: Path) -> None:
    """A browser that trusts this hub doesn't take it for another."""
    home = chromium.home(tmp_path / "home", hub.certificate())
    with (
        chromium.browsing(home, "rex-other234.local") as page,
        pytest.raises(Error, match="ERR_CERT_COMMON_NAME_INVALID"),
    ):
        page.goto(f"https://rex-other234.local:{hub.ports['https']}/docs")


@pytest.mark.parametrize("signer", ["intermediate.pem", "root.pem"])
def test_a_stolen_key_is_no_bank(hub: Secure, tmp_path: Path, signer: str) -> None:
    """What the hub's intermediate, or its root itself, signs for another name is refused by who trusts it."""
    home = chromium.home(tmp_path / "home", hub.certificate())
    stolen = Issued.from_pem((hub.process.data_dir / "tls" / signer).read_bytes())
    span = spans.own(SystemClock().now(), stolen.certificate)
    assert span is not None
    said = {}
    for name in (hub.host, "bank.example"):
        bundle = tmp_path / f"{name}.pem"
        bundle.write_bytes(issue.own(stolen, [name], [], span, SeededEntropy()).pem())
        server = _serving(bundle)
        with chromium.browsing(home, name) as page:
            said[name] = _visited(page, f"https://{name}:{server.server_port}/")
        server.shutdown()
        server.server_close()
    assert said == {hub.host: "", "bank.example": "ERR_CERT_INVALID"}


def _visited(page: Page, url: str) -> str:
    """The browser's name for what is wrong; empty if nothing is."""
    try:
        page.goto(url)
    except Error as error:
        found = re.search(r"ERR_\w+", str(error))
        return found.group() if found else str(error)
    return ""


@pytest.mark.parametrize("size", [(360, 640), (1280, 800)])
def test_the_page_on_trust(hub: Secure, tmp_path: Path, size: tuple[int, int]) -> None:
    """On a phone and a desktop: styled, nothing cut off, nothing refused by its policy, no JavaScript wanted."""
    home = chromium.home(tmp_path / "home", None)
    said: list[str] = []
    viewport = {"width": size[0], "height": size[1]}
    with chromium.browsing(home, hub.host, viewport=viewport, java_script_enabled=False) as page:
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"http://{hub.host}:{hub.ports['http']}/trust")
        assert page.get_by_role("heading", level=1).inner_text() == "Let this device trust your hub"
        body = page.locator("main").bounding_box()
        assert body is not None
        assert body["width"] <= size[0]
        box = page.locator("code").first.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= size[0]
        page.get_by_text("Windows").click()
        assert page.get_by_text("Trusted Root").is_visible()
        assert not page.get_by_text("Keychain").is_visible()
        page.screenshot(path=tmp_path / "trust.png", full_page=True)
    assert said == []


class _Silent(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Nothing, and that is fine."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Quiet(HTTPServer):
    def handle_error(self, *_: object) -> None:
        """A handshake that the browser breaks off is what is wanted."""


def _serving(bundle: Path) -> HTTPServer:
    server = _Quiet(("127.0.0.1", 0), _Silent)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
