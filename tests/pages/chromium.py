"""Debian's Chromium as people use it: by phone or by desk, without scripts, by keyboard; and what it sees of a page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.hub import PASSWORD
from tests.processes import Process, run

DOWN = {"SMTP_ENABLED": "true", "SMTP_SERVER": "127.0.0.1", "SMTP_PORT": "9", "SMTP_USE_TLS": "false"}
"""Letters wait, as they do in a house without internet."""
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}

LOOK = """() => {
  const found = [], say = (what, el) =>
    found.push(`${what}: <${el.tagName.toLowerCase()}> ${(el.textContent || el.name || '').trim().slice(0, 40)}`);
  const rgb = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
  const shine = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (a, b) => { const [x, y] = [shine(a), shine(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = el => {
    for (; el; el = el.parentElement) { const c = rgb(getComputedStyle(el).backgroundColor); if (c[3] === 1) return c; }
    return [255, 255, 255, 1];
  };
  const seen = el => el.checkVisibility({visibilityProperty: true}) && !el.closest('.unseen, .skip, thead')
    && el.getBoundingClientRect().width > 1;
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const el = words.currentNode.parentElement;
    if (!words.currentNode.data.trim() || !seen(el)) continue;
    const style = getComputedStyle(el), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const contrast = ratio(rgb(style.color), ground(el));
    if (contrast < (large ? 3 : 4.5)) say(`contrast ${contrast.toFixed(2)}`, el);
    const card = el.closest('.card'), line = document.createRange();
    line.selectNodeContents(words.currentNode);
    if (card && line.getBoundingClientRect().left < card.getBoundingClientRect().left + 8) say('at the edge', el);
  }
  for (const el of document.querySelectorAll('a[href], button, input:not([type=hidden]), select')) {
    if (!seen(el)) continue;
    const target = (el.matches('[type=radio], [type=checkbox]') ? el.closest('label') : el).getBoundingClientRect();
    const prose = el.matches('a') && el.closest('p') && el.closest('p').textContent.trim() !== el.textContent.trim();
    if (!prose && (target.height < 44 || target.width < 44)) say(`tap target ${target.width}x${target.height}`, el);
    if (el.matches('input:not([type=radio], [type=checkbox]), select')
        && ratio(rgb(getComputedStyle(el).borderTopColor), ground(el.parentElement)) < 3) say('border', el);
    if (el.labels && !el.labels.length && !el.ariaLabel && el.tagName !== 'BUTTON') say('no label', el);
    if (!el.textContent.trim() && el.matches('a, button')) say('no name', el);
  }
  for (const el of document.querySelectorAll('svg.icon use')) if (!(el.getBBox().width > 0)) say('no icon', el);
  for (const el of document.images) if (!el.naturalWidth) say('no image', el);
  if (document.documentElement.scrollWidth > innerWidth) say('wider than the screen', document.body);
  return found;
}"""
"""What is wrong with a page for eyes and fingers: WCAG 2.2's 1.4.3, 1.4.10, 1.4.11, 2.5.5, 4.1.2, computed."""

FOCUS = """() => {
  const el = document.activeElement, box = el.getBoundingClientRect();
  const style = getComputedStyle(el), around = el.closest('.choice') ? getComputedStyle(el.closest('.choice')) : style;
  const outlined = s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const label = el.labels && el.labels.length ? el.labels[0].innerText : el.innerText || el.ariaLabel || '';
  return {
    name: label.trim(), tag: el.tagName, visible: outlined(style) || outlined(around),
    covered: !(top && (el.contains(top) || top.contains(el))),
  };
}"""
"""Where the keyboard is, and whether it can be seen."""


@dataclass
class Watched:
    """A page in a browser of its own; `strangers` are requests to anybody but the hub, `said` what the console says."""

    page: Page
    url: str
    strangers: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    looked_at: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("request", self._request)
        self.page.on("console", lambda message: self.said.append(message.text))

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self.url):
            self.strangers.append(request.url)

    @property
    def path(self) -> str:
        """Where the browser is."""
        return self.page.url.removeprefix(self.url)

    def open(self, path: str) -> None:
        """Go to a page, and look at it."""
        self.page.goto(self.url + path)
        self.look()

    def press(self, name: str) -> None:
        """Press the button or follow the link of this name, and look at where it leads."""
        self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first.click()
        self.look()

    def type(self, **fields: str) -> None:
        """Fill in fields by their names."""
        for name, text in fields.items():
            self.page.fill(f"#f-{name}", text)

    def text(self, selector: str = "main") -> str:
        """What is to be read there."""
        return self.page.inner_text(selector)

    def look(self) -> None:
        """The page is good for eyes and fingers, by day and by night; looked at once for each of its titles."""
        self.page.wait_for_load_state("load")
        at = (self.path, self.page.title())
        if at in self.looked_at:
            return
        self.looked_at.add(at)
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            assert (self.path, scheme, self.page.evaluate(LOOK)) == (self.path, scheme, [])

    def tab_to(self, name: str) -> None:
        """Press Tab until the focus is on what has this name; all the way it can be seen."""
        for _ in range(60):
            self.page.keyboard.press("Tab")
            at: dict[str, Any] = self.page.evaluate(FOCUS)
            if at["tag"] == "BODY":
                continue
            assert at["visible"], at
            assert not at["covered"], at
            if at["name"].startswith(name):
                return
        raise AssertionError(name)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def visit(browser: Browser, url: str, size: dict[str, int], *, scripts: bool = False) -> Watched:
    """Somebody new, in a browser profile of their own."""
    context = browser.new_context(viewport=size, java_script_enabled=scripts)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    return Watched(context.new_page(), url)


def setup_code(hub: Process) -> str:
    """What the hub's console shows."""
    return run(hub.data_dir, "setup-code").stdout.split()[-1]


def claimed(hub: Process, browser: Browser, size: dict[str, int]) -> Watched:
    """Maya, who opens the address that she was told, and claims the household."""
    maya = visit(browser, hub.url, size)
    maya.open("/")
    assert maya.path == "/claim"
    maya.type(setup_code="XXXX-XXXX", first_name="Maya", username="maya", email="maya@example.com", password=PASSWORD)
    maya.press("Make it mine")
    assert "Wrong setup code" in maya.text(".summary")
    maya.type(setup_code=setup_code(hub), password=PASSWORD)
    maya.press("Make it mine")
    assert maya.path == "/house"
    return maya


def untroubled(*people: Watched) -> None:
    """Nobody but the hub was asked for anything, and the browser had nothing to block."""
    for person in people:
        assert person.strangers == []
        assert not [line for line in person.said if "Content Security Policy" in line or "Refused" in line]
