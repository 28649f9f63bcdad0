"""The pages' pictures: one file of icons, drawn in the text's colour."""

from functools import cache
from importlib.resources import files

from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

_KEPT = "public, max-age=3600"


@cache
def _file(name: str) -> bytes:
    return (files("rex_auth_edge.web.pages") / "static" / name).read_bytes()


async def icons(_: Turn) -> Answer:
    """Every icon, each by its name."""
    return Answer(_file("icons.svg"), kind="image/svg+xml", kept=_KEPT)


async def favicon(_: Turn) -> Answer:
    """The mark in the browser's tab."""
    return Answer(_file("icon.svg"), kind="image/svg+xml", kept=_KEPT)
