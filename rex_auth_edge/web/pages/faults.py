"""What went wrong, as a page: in the same clothes as the rest, without a household, and without the database."""

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.web.pages import paper
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.problems import ASK_AGAIN, status_of

NOTHING_HERE = Refused(Code.NOT_FOUND, "The address may be old, or mistyped")
_TITLES = {
    400: "That can't be read",
    403: "That isn't for you",
    404: "Nothing here",
    405: "Not this way",
    413: "Too much at once",
    429: "One moment, please",
    500: "The hub failed",
    503: "The hub can't do that right now",
}


def fault(refused: Refused) -> Answer:
    """The refusal as a page of its own."""
    status = status_of(refused)
    again = refused.retry_after or 1 if status in ASK_AGAIN else None
    title = _TITLES.get(status, "That did not work")
    content = paper.page("fault.html", {"title": title, "sentence": refused.message, "again": again})
    return Answer(content, status, retry_after=again)
