"""Acts that a page asks about before they are done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from rex_auth_edge.domain.refusals import Refused
from rex_auth_edge.domain.roles import Act
from rex_auth_edge.web.pages.answer import Answer
from rex_auth_edge.web.pages.turn import Turn

Done = Awaitable[Refused | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """An act on somebody or something: what its page says (`{name}` is who or what), and what it does.

    `stays`: there is a page of theirs to go back to afterwards.
    """

    act: Act
    question: str
    consequence: str
    button: str
    notice: str
    do: Callable[[Turn, UUID], Done]
    stays: bool = True
    harmful: bool = True


async def question(turn: Turn, asked: Asked, name: str, back: str) -> Answer:
    """The question; `back` is where it leads who would rather not."""
    return await turn.page(
        "question.html",
        question=asked.question.format(name=name),
        consequence=asked.consequence,
        button=asked.button,
        harmful=asked.harmful,
        back=back,
    )
