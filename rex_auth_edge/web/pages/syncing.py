"""The household and its cloud: how that stands, what waits for an owner, and what was decided against somebody."""

from uuid import UUID

from msgspec.structs import replace

from rex_auth_edge.domain.refusals import RefusedError
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.exchange.cloud.hubs import listed
from rex_auth_edge.exchange.oversight import deciding, words
from rex_auth_edge.exchange.oversight.notices import NO_NOTICE
from rex_auth_edge.exchange.oversight.overview import overview
from rex_auth_edge.exchange.oversight.reviews import NO_REVIEW
from rex_auth_edge.web.answers import unless_refused
from rex_auth_edge.web.api.household import uuid_in
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.asked import Asked, question
from rex_auth_edge.web.pages.hubs import STATES, in_cloud
from rex_auth_edge.web.pages.turn import Turn

LIST = "/house/sync"


async def show(turn: Turn) -> Answer:
    """How it stands, and what an owner has to look at; in the cloud the household's hubs as well."""
    parts = turn.visit.desk.parts
    found = unless_refused(await overview(parts, turn.actor, turn.visit.desk.sync))
    matters = unless_refused(await deciding.matters(parts, turn.actor))
    shared = unless_refused(await listed(parts, turn.actor)) if in_cloud(turn) else None
    told = words.sentences(replace(found.status, reviews=0, conflicts=0), parts.clock.now().wall)  # these follow below
    return await turn.page(
        "sync.html", headline=found.headline, sentences=told, hubs=shared, states=STATES, matters=matters
    )


_ASKED = {
    "confirm": Asked(
        Act.REVIEW,
        "{name}?",
        "It is done by your right, here and in the cloud.",
        "Do it",
        "review-confirmed",
        lambda turn, review: deciding.confirm(turn.visit.desk.parts, turn.actor, review),
        harmful=False,
    ),
    "dismiss": Asked(
        Act.REVIEW,
        "Dismiss this for good: {name}?",
        "It isn't done, and waits no longer.",
        "Dismiss",
        "review-dismissed",
        lambda turn, review: deciding.dismiss(turn.visit.desk.parts, turn.actor, review),
    ),
}  # fmt: skip


def _review_id(turn: Turn) -> UUID:
    return uuid_in(turn.named["review"], NO_REVIEW)


async def show_asked(turn: Turn) -> Answer:
    """The question whether to do what waits, or to dismiss it."""
    asked, review_id = _ASKED[turn.named["act"]], _review_id(turn)
    await turn.ready(asked.act)
    matters = unless_refused(await deciding.matters(turn.visit.desk.parts, turn.actor))
    what = next((each.what for each in matters.held if each.id == review_id), None)
    if what is None:
        raise RefusedError(NO_REVIEW)
    return await question(turn, asked, what, LIST)


async def do_asked(turn: Turn) -> Answer:
    """Do it, or dismiss it."""
    asked = _ASKED[turn.named["act"]]
    unless_refused(await asked.do(turn, _review_id(turn)))
    return turn.see(LIST, asked.notice)


async def clear(turn: Turn) -> Answer:
    """An owner has seen what was decided."""
    name = uuid_in(turn.named["notice"], NO_NOTICE)
    unless_refused(await deciding.clear(turn.visit.desk.parts, turn.actor, name))
    return turn.see(LIST, "notice-cleared")


async def read(turn: Turn) -> Answer:
    """The person concerned has seen it."""
    name = uuid_in(turn.named["notice"], NO_NOTICE)
    unless_refused(await deciding.read(turn.visit.desk.parts, turn.me, name))
    return turn.see("/me", "notice-cleared")
