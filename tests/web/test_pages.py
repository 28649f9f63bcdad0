"""Pages for people: complete, without scripts, styles of their own or any other origin, and right in their policy."""

import re
from typing import Any

import pytest

from tests.hub import Household
from tests.pages.reading import Page, read


async def page_at(home: Household, path: str) -> Page:
    """The page, parsed."""
    answer = await home.client().get(path)
    assert answer.status_code == 200
    return read(answer)


async def test_every_operation_is_on_the_page(home: Household) -> None:
    """Each path of each method of the document is there, with its description, its fields and its refusals."""
    document: dict[str, Any] = (await home.client().get("/openapi.json")).json()
    page = await page_at(home, "/docs")
    words = set(re.split(r"[\s,()]+", page.text))
    for path, item in document["paths"].items():
        assert path in words, path
        for method, operation in item.items():
            assert method.upper() in words
            assert operation["description"] in page.text
            for refusal in operation["responses"].values():
                assert set(refusal["description"].split(", ")) <= words
    for name in ("email", "password", "temp_token", "reset_token", "image_data", "page", "token"):
        assert name in words


async def test_nothing_but_its_own_stylesheet(home: Household) -> None:
    """Neither script nor inline style nor anything of another origin: the page works offline, under its policy."""
    page = await page_at(home, "/docs")
    assert not {"script", "style", "iframe", "object", "embed", "img", "form", "base"} & set(page.tags)
    assert page.opened == []
    assert page.language == "en"
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert link.startswith(("/", "#"))
        assert not link.startswith("//")
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (await home.client().get(link)).status_code == 200


async def test_policy_of_pages(home: Household) -> None:
    """Pages may load the hub's own stylesheets and nothing else; nobody may frame them."""
    answer = await home.client().get("/docs")
    policy = {part.split()[0]: part.split()[1:] for part in answer.headers["content-security-policy"].split(";")}
    assert policy["default-src"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert "unsafe" not in str(policy)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_stylesheet(home: Household) -> None:
    """The one stylesheet loads nothing, from nowhere; browsers may keep it."""
    answer = await home.client().get("/assets/rex.css")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "max-age" in answer.headers["cache-control"]
    assert not re.search(r"url\(|@import|https?:", answer.text)


@pytest.mark.parametrize("path", ["/docs?x=<script>alert(1)</script>", "/docs#<b>"])
async def test_the_address_is_not_echoed(home: Household, path: str) -> None:
    """What stands in the address isn't on the page."""
    assert (await home.client().get(path)).text == (await home.client().get("/docs")).text


async def test_pages_are_read_only(home: Household) -> None:
    """Nothing is posted to a page."""
    for path in ("/docs", "/assets/rex.css", "/openapi.json"):
        answer = await home.client().post(path, json={})
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
