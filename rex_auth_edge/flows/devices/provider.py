"""By which URL the hub signs for devices (`iss`): the one that it had first, for ever, whatever it is called later."""

import sqlalchemy as sa

from rex_auth_edge.storage.store import Store
from rex_auth_edge.storage.tables import node_facts
from rex_auth_edge.storage.tx import Tx

_NAME = "provider"


async def issuer(store: Store, url: str, *, keep: bool) -> str:
    """The URL on record; where there is none, this one, which is put on record with `keep`."""
    known = await store.read(_known)
    if known is not None or not keep:
        return known or url

    def work(tx: Tx) -> str:
        if (there := _known(tx.conn)) is not None:
            return there
        tx.conn.execute(sa.insert(node_facts).values(name=_NAME, value=url.encode()))
        return url

    return await store.write(work)


def _known(conn: sa.Connection) -> str | None:
    value = conn.execute(sa.select(node_facts.c.value).where(node_facts.c.name == _NAME)).scalar_one_or_none()
    return None if value is None else bytes(value).decode()
