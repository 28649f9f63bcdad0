"""A page as a browser finds it, and what every page has to be."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx
from typing_extensions import override

LINKS = ("href", "src", "action", "srcset", "data", "poster", "formaction")
VOID = {"meta", "link", "br", "img", "input", "hr"}
NEVER = {"script", "style", "iframe", "object", "embed", "base", "template"}
POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
_NEEDS_NO_LABEL = {"hidden", "submit", "button"}


@dataclass
class Form:
    """A form with its fields as they are filled in, passwords empty."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


@dataclass
class Page(HTMLParser):
    """What a browser would find in it."""

    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    pointed_at: list[str] = field(default_factory=list)
    text: str = ""
    language: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.opened += [] if tag in VOID else [tag]
        named = {name: value or "" for name, value in attrs}
        assert len(named) == len(attrs), attrs
        assert "style" not in named
        assert not any(name.startswith("on") for name in named)
        self.links += [value for name, value in named.items() if name in LINKS]
        self.ids += [named["id"]] if "id" in named else []
        self.pointed_at += named.get("aria-describedby", "").split()
        self.language = named.get("lang", self.language) if tag == "html" else self.language
        if tag == "form":
            self.forms.append(Form(named["action"], named["method"]))
        elif tag == "label" and "for" in named:
            self.labels.append(named["for"])
        elif tag in {"input", "select"}:
            self._input(tag, named)
        elif tag == "option" and "selected" in named:
            self.forms[-1].fields[self.forms[-1].names[-1]] = named["value"]
        elif tag == "img":
            assert named["alt"]

    def _input(self, tag: str, named: dict[str, str]) -> None:
        form, kind = self.forms[-1], named.get("type", "text")
        form.names.append(named["name"])
        if "label" not in self.opened and kind not in _NEEDS_NO_LABEL and "aria-label" not in named:
            self.unlabelled.append(named["id"])
        chosen = kind not in {"radio", "checkbox"} or "checked" in named
        if tag == "input" and chosen:
            form.fields[named["name"]] = named.get("value", "")
        assert kind != "password" or "value" not in named
        assert "autocomplete" in named or kind in {"hidden", "radio", "checkbox"} or tag == "select"

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.text += f" {data} "
        self.title += data if self.opened[-1:] == ["title"] else ""

    def form(self, action: str) -> Form:
        """The form that posts there."""
        return next(form for form in self.forms if form.action == action)


def read(answer: httpx.Response) -> Page:
    """The answer's page."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    page = Page()
    page.feed(answer.text)
    page.close()
    return page


def sound(answer: httpx.Response) -> Page:
    """The page, which is complete, guarded, labelled, and asks nobody else for anything."""
    page = read(answer)
    policy = {part.split()[0]: part.split()[1:] for part in answer.headers["content-security-policy"].split(";")}
    assert policy == POLICY
    assert answer.headers.get_list("referrer-policy") == ["same-origin"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not NEVER & set(page.tags)
    assert page.opened == []
    assert (page.language, page.tags.count("h1"), page.tags.count("main")) == ("en", 1, 1)
    assert page.title.strip("\u2013 ")
    assert len(page.ids) == len(set(page.ids))
    assert set(page.unlabelled) <= set(page.labels)
    assert set(page.labels) | set(page.pointed_at) <= set(page.ids)
    for link in page.links:
        assert link.startswith(("/", "#")), link
        assert not link.startswith("//")
        assert not link.startswith("#") or link[1:] in page.ids, link
    for form in page.forms:
        assert form.method == "post"
        assert form.fields["form_token"]
    return page
