"""Whoever takes letters away, and what becomes of them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server has taken the letter."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """Not now: `reason` is a sentence without addresses. `all` tells that the others needn't be tried either."""

    reason: str
    all: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Never: the server refuses this letter for good."""

    reason: str


Outcome = Delivered | Postponed | Rejected


class Carrier(Protocol):
    """SMTP, or the console in development."""

    def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """The outcome of each message in turn, as soon as it is known; it may stop early."""
        ...
