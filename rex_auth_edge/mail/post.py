"""Posting a letter: sealed and added to the outbox in the flow's own transaction."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from rex_auth_edge.keys.seal import Seal
from rex_auth_edge.mail import letters
from rex_auth_edge.mail.letters import Letter
from rex_auth_edge.storage import outbox
from rex_auth_edge.storage.tx import Tx

SEALED_FOR = "letter"
NOBODY = "nobody@invalid"


class Post:
    """Where flows leave letters. `ring` wakes whoever delivers them; it is called from the writer's thread."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self.ring: Callable[[], None] = lambda: None

    def send(self, tx: Tx, tenant_id: UUID, address: str | None, letter: Letter, *, life: int) -> UUID:
        """Add a letter that is worth sending for `life` milliseconds.

        To nobody (None), an empty row is written and withheld: what a flow writes tells no one whether a person exists.
        """
        letter_id = tx.new_id()
        sealed = self._seal.seal(SEALED_FOR, letters.encode(letter), letter_id.bytes)
        outbox.add(
            tx,
            tenant_id,
            letter_id,
            letter=letter.kind,
            address=address or NOBODY,
            sealed=sealed if address else None,
            expires=tx.now.after(life),
        )
        tx.after_commit.append(self.ring)
        return letter_id

    def opened(self, row: Any) -> Letter:
        """What a letter that still waits says. Raises SealBrokenError under another SECRET_KEY."""
        letter: Letter = letters.decode(self._seal.open(SEALED_FOR, bytes(row.sealed), row.id.bytes))
        return letter
