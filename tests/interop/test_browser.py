"""A browser, nginx, a service and the hub: led to sign in and back; no other origin's page gets through."""

from pathlib import Path

from playwright.sync_api import Page

from tests.hub import PASSWORD
from tests.interop.conftest import Home
from tests.interop.programs import needed, service
from tests.interop.test_proxies import nginx
from tests.pages.chromium import chromium

POSTED = """to => {
  const form = document.createElement('form');
  form.method = 'POST'; form.action = to;
  document.body.append(form); form.submit();
}"""


def test_a_person_at_a_browser(home: Home, tmp_path: Path) -> None:
    """Maya wants to see the lamp: she signs in once and is there; later no question comes between."""
    needed("chromium", packages="chromium")
    with service() as guarded, nginx(home.hub.url.partition("://")[2], guarded, tmp_path) as url, chromium() as browser:
        page = browser.new_page()
        signs_in(page, url, home.hub.url)
        page.context.clear_cookies(name="access_token")
        page.goto(f"{url}/lamp?on=2")
        assert page.url == f"{url}/lamp?on=2"
        elsewhere(page, url, f"http://127.0.0.1:{guarded}/")


def signs_in(page: Page, url: str, hub: str) -> None:
    """By the hub's own page, which leads back."""
    page.goto(f"{url}/lamp?on=1")
    assert page.url.startswith(f"{hub}/sign-in?next=")
    page.fill("#f-email", "maya")
    page.fill("#f-password", "guess")
    page.get_by_role("button", name="Sign in").click()
    page.fill("#f-password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/lamp?on=1")
    assert '"remote-user": "maya"' in page.inner_text("body")


def elsewhere(page: Page, url: str, other: str) -> None:
    """A page at another port of the host is of the same site: the cookies come along, and aren't enough."""
    page.goto(other)
    with page.expect_navigation() as led:
        page.evaluate(POSTED, f"{url}/lamp")
    assert led.value is not None
    assert "access_token" in led.value.request.all_headers()["cookie"]
    assert led.value.status == 403
