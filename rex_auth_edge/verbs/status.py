"""How the hub is, on one screen."""

import shutil
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rex_auth_edge import __version__
from rex_auth_edge.domain.clock import DAY, SECOND
from rex_auth_edge.flows import health
from rex_auth_edge.keys.tls import CaError, fingerprint, spelled
from rex_auth_edge.settings import Settings
from rex_auth_edge.storage import figures, outbox, schema, tenants
from rex_auth_edge.verbs.processes import heard
from rex_auth_edge.verbs.reach import Reach, Verbs
from rex_auth_edge.web.answers import rfc3339


async def _shown(reach: Reach) -> dict[str, Any]:
    """Version, addresses, households, letters, keys, disk, clock, and whether it is ready.

    In the cloud there is no disk to look at, and it runs where any process does; `processes` is how many those are.
    """
    parts, settings = reach.parts, reach.settings
    now = parts.clock.now()
    failing = await health.why_failing(parts.store, settings.disk)
    processes = None if settings.disk else (await heard(reach)).count
    running = reach.running or bool(processes)
    return {
        "version": __version__,
        "running": running,
        "processes": processes,
        "ready": running and not failing,
        "failing": failing,
        "uptime_seconds": (now.boot - reach.started.boot) // SECOND if reach.running else None,
        "role": settings.role.value,
        "development": settings.development,
        "url": settings.flows.frontend if settings.own_frontend else _url(reach),
        "host": settings.host,
        "authority": _authority(settings),
        "listens": _listens(settings),
        "tls": settings.listen.tls is not None,
        "data_dir": str(settings.data_dir.absolute()) if settings.disk else None,
        "clock": {"now": rfc3339(now.wall), "state": now.state.value, "why": parts.clock.explain()},
        "disk": _disk(settings.disk) if settings.disk else None,
        "mail": {"enabled": settings.mail.enabled, "server": settings.mail.server if settings.mail.enabled else None},
    } | await parts.store.read(lambda conn: _in_database(conn, reach))


def _listens(settings: Settings) -> str:
    host = settings.listen.host
    return f"[{host}]:{settings.listen.port}" if ":" in host else f"{host}:{settings.listen.port}"


def _authority(settings: Settings) -> str | None:
    """The fingerprint (SHA-256) of the household's CA, None where it has none or it can't be read."""
    if not settings.listen.household_ca:
        return None
    try:
        found = fingerprint(settings.data_dir)
    except CaError:
        return None
    return spelled(found) if found else None


def _url(reach: Reach) -> str:
    listen = reach.settings.listen
    return f"{'https' if listen.tls else 'http'}://{listen.host}:{listen.port}"


def _in_database(conn: sa.Connection, reach: Reach) -> dict[str, Any]:
    now = reach.parts.clock.now()
    people, sessions = figures.members(conn), figures.sessions(conn, now)
    eldest = figures.eldest_letter(conn)
    return {
        "households": [
            {
                "slug": house.slug,
                "name": house.name,
                "default": bool(house.is_default),
                "claimed": people.get(house.id, (0, 0))[1] > 0,
                "members": people.get(house.id, (0, 0))[0],
                "sessions": sessions.get(house.id, 0),
            }
            for house in tenants.every(conn)
        ],
        "outbox": outbox.counts(conn),
        "eldest_letter_seconds": None if eldest is None else max(0, now.wall - eldest.created_at) // SECOND,
        "keys": _keys(reach),
        "database": {"kind": conn.dialect.name, "schema": schema.present(conn), "bytes": size(reach)},
    }


def _keys(reach: Reach) -> dict[str, Any]:
    now, ring = reach.parts.clock.now(), reach.parts.keyring
    key = ring.signing(now)
    age = max(0, now.running - key.signs_from_at) // DAY if key.created_at else None
    return {
        "signing": key.kid,
        "algorithm": key.algorithm.value,
        "age_days": age,
        "published": len(ring.published(now)),
    }


def size(reach: Reach) -> int | None:
    """Bytes of a SQLite database with its log, None for another."""
    url = reach.settings.database
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    files = [Path(url.database), Path(f"{url.database}-wal")]
    return sum(file.stat().st_size for file in files if file.exists())


def _disk(path: Path) -> dict[str, int] | None:
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return {"free": usage.free, "total": usage.total}


VERBS: Verbs = {"show": _shown}
