"""Answers, to be compared: what of them may differ between two that say the same."""

import re
from typing import Any

import httpx

from tests.tenancy.neighbours import Neighbours
from tests.tenancy.rows import kept, texts

_EACH_TIME = {"x-request-id", "date", "set-cookie", "content-length"}
_MINTED = re.compile(
    r'"(access_token|refresh_token|temp_token|csrf_token|request_token|link|user_id|id)":"[^"]*"'
    r'|"(code)":"[0-9A-Z-]{4,14}"'
)


def shown(answer: httpx.Response) -> tuple[Any, ...]:
    """Status, body and headers; of tokens that are new in every answer only that they are there."""
    named = sorted((name, text) for name, text in answer.headers.items() if name not in _EACH_TIME)
    cookies = [re.sub(r"=[^;]*", "", line, count=1) for line in answer.headers.get_list("set-cookie")]
    return answer.status_code, _MINTED.sub(r'"\1\2":"..."', answer.text), named, cookies


def said(answer: httpx.Response) -> str:
    """All of an answer's text."""
    return answer.text + "".join(f"\n{name}: {text}" for name, text in answer.headers.items())


async def needles(they: Neighbours) -> set[str]:
    """What only the household next door has: ids, names and addresses of its people, things and machines."""
    ours, theirs = [await kept(they.home.store, each.tenant_id) for each in (they.ours, they.theirs)]
    found = {text for text in texts(theirs) - texts(ours) if len(text) >= 6}
    known = they.theirs
    for text in (known.slug, f"greta-{known.slug}", known.address("greta"), f"Knut{known.slug}", str(known.tenant_id)):
        assert text in found | {"home"}
    return found | {f'"{known.life}"'}


async def unheard(they: Neighbours, wanted: set[str] | None = None) -> None:
    """Nothing of theirs is in any answer that ours got so far.

    `wanted` are the needles of before, where ours have typed some of them meanwhile: their audit log then has them too.
    """
    assert they.answers
    wanted = wanted or await needles(they)
    for answer in they.answers:
        text = said(answer)
        found = [needle for needle in wanted if needle in text]
        assert not found, (found, answer.request.url, answer.text)
