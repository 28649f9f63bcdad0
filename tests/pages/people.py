"""Somebody at a browser, in process: opens pages, fills in forms, and is led on."""

from dataclasses import dataclass

import httpx

from tests.hub import BASE, PASSWORD, Household
from tests.pages.reading import Page, read

HTML = {"accept": "text/html,application/xhtml+xml", "origin": BASE}


@dataclass
class Person:
    """`answer` is what the browser shows at present."""

    client: httpx.AsyncClient
    answer: httpx.Response | None = None

    async def open(self, path: str) -> Page:
        """Go to a page, and on to wherever it leads."""
        self.answer = await self.client.get(path, follow_redirects=True)
        return read(self.answer)

    async def send(self, path: str, action: str | None = None, **typed: str) -> Page:
        """Fill in a form of that page, send it, and go on to wherever that leads."""
        self.answer = await self.client.get(path, follow_redirects=True)
        return await self.fill(action or self.answer.url.path, **typed)

    async def fill(self, action: str, **typed: str) -> Page:
        """Fill in a form of the page that is shown."""
        self.answer = await self.post(action, **typed)
        while self.answer.has_redirect_location:
            self.answer = await self.client.get(self.answer.headers["location"])
        return read(self.answer)

    async def post(self, action: str, **typed: str) -> httpx.Response:
        """The answer itself to the form."""
        form = read(self.shown).form(action)
        assert set(typed) <= {*form.names, "everywhere"}, form.names
        return await self.client.post(action, data=form.fields | typed)

    @property
    def shown(self) -> httpx.Response:
        """The page that is shown."""
        assert self.answer is not None
        return self.answer

    @property
    def path(self) -> str:
        """Where the browser is."""
        return self.shown.url.path


def browser(home: Household, address: str = "192.168.1.20") -> Person:
    """A browser that has never been here."""
    return Person(home.client(address, **HTML))


async def owner(home: Household) -> Person:
    """Maya, who has claimed the household by its page."""
    maya = browser(home)
    code = home.hub.parts.setup.shown()[home.hub.parts.home]
    page = await maya.send(
        "/claim", setup_code=code, first_name="Maya", username="maya", email="maya@example.com", password=PASSWORD
    )
    assert maya.path == "/house", page.text
    return maya
