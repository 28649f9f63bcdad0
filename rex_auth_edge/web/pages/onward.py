"""Where a page may lead on to: `next` may be anybody's writing, so it is one of the hub's own pages, or nothing."""

import re
from urllib.parse import quote

_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~-]*")
LONGEST = 200


def own_path(text: str | None) -> str | None:
    """The text if it is the plain path of a page here: no scheme, no host, no query, nothing that a browser unfolds."""
    return text if text and len(text) <= LONGEST and _PATH.fullmatch(text) and "//" not in text else None


def with_next(path: str, onward: str | None) -> str:
    """The path, with where to go on afterwards."""
    return f"{path}?next={quote(onward, safe='/')}" if onward and onward != "/" else path
