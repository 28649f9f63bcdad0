"""What somebody needs who comes to the hub for the first time."""

from typing import Any

from rex_auth_edge.keys.tls import fingerprint, spelled
from rex_auth_edge.verbs.reach import Reach, Verbs


async def _shown(reach: Reach) -> dict[str, Any]:
    """The address, what tells the household's CA from another, and the setup code while nobody owns the hub."""
    settings = reach.settings
    mark = fingerprint(settings.data_dir) if settings.listen.household_ca else None
    return {
        "url": settings.flows.frontend if settings.own_frontend else settings.web.frontend_base_url,
        "host": settings.host,
        "listens": settings.listen.host,
        "port": settings.listen.port,
        "http_port": settings.listen.http_port or 80,
        "tls": settings.listen.tls is not None,
        "fingerprint": spelled(mark) if mark else None,
        "setup_code": reach.parts.setup.shown().get(reach.parts.home) if reach.running else None,
    }


VERBS: Verbs = {"show": _shown}
