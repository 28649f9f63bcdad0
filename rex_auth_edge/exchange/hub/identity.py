"""A hub that goes on as another: another incarnation after a restore, another hub where an owner has removed it."""

from rex_auth_edge.domain.refusals import Code, Refused
from rex_auth_edge.domain.register import LONGEST, Ended
from rex_auth_edge.exchange.stores.hub import enrolled
from rex_auth_edge.flows import signing
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.storage import rebirth
from rex_auth_edge.storage.tx import Node, Tx

LEAVE_FIRST = Refused(
    Code.CLOUD_REFUSED,
    "An owner has removed this hub from that household. Let it leave by `rex-auth-edge sync forget` first; the same "
    "code then lets it in as another hub",
    {"cloud": Code.HUB_REMOVED},
)
_OTHERS = Refused(
    Code.CLOUD_REFUSED,
    "An owner has removed this hub. It can join as another one once its other households have left their clouds, too: "
    "`rex-auth-edge sync forget --household SLUG`",
    {"cloud": Code.HUB_REMOVED},
)


def is_removed(answer: object) -> bool:
    """Whether the cloud says that this hub was removed, which is for good."""
    return isinstance(answer, Refused) and answer.fields.get("cloud") == Code.HUB_REMOVED


async def as_another(parts: Parts) -> Node | Refused:
    """Go by another id. What only the former hub could vouch for is over: everybody signs in again here."""

    def work(tx: Tx) -> Node | Refused:
        if enrolled(tx.conn):
            return _OTHERS
        _publish(tx, parts, rebirth.become_another(tx))
        return tx.node

    return await parts.store.write(work)


def as_incarnation(tx: Tx, parts: Parts) -> None:
    """Go on as another incarnation: of what only the one before could vouch for nothing is good any more.

    Of sessions that were begun since, and may have been ended, the database knows nothing: what was signed for them
    is good no more.
    """
    signing.begin_anew(tx, parts)
    _publish(tx, parts, rebirth.lapse(tx))


def _publish(tx: Tx, parts: Parts, ended: list[Ended]) -> None:
    """Whoever holds what has ended is refused from the commit on."""
    node, until = tx.node, tx.now.after(LONGEST)

    def publish() -> None:
        parts.store.node = node
        for each in ended:
            parts.register.revoke(each, until)

    tx.after_commit.append(publish)
