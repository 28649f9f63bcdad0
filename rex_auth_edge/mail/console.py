"""Letters on the console: for development, where no mail server is set."""

import sys
from collections.abc import AsyncIterator, Sequence
from email.message import EmailMessage
from typing import TextIO

from rex_auth_edge.mail.carrier import Delivered, Outcome

_FRAME = "=" * 78


class Console:
    """Prints the text part of each letter, loudly."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncIterator[Outcome]:
        """See `Carrier`."""
        for message in messages:
            text = message.get_body(("plain",))
            lines = [
                _FRAME,
                "DEVELOPMENT ONLY: no mail server is set, so this letter is shown here and not sent",
                f"To: {message['To']}",
                f"Subject: {message['Subject']}",
                "",
                str(text.get_content()).rstrip() if text is not None else "",
                _FRAME,
            ]
            print("\n".join(lines), file=self._stream, flush=True)
            yield Delivered()
