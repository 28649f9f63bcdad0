"""What may be wrong with this hub, one check at a time, each with what to do."""

from typing import Any

import sqlalchemy as sa

from rex_auth_edge import __version__
from rex_auth_edge.domain.clock import DAY, MINUTE, SECOND, ClockState
from rex_auth_edge.domain.refusals import Refused, RefusedError
from rex_auth_edge.flows.parts import NOBODY
from rex_auth_edge.keys.keyring import ROTATION
from rex_auth_edge.storage import check, figures, tenants
from rex_auth_edge.verbs import backups, certificates, lan, mail, premises, sharing
from rex_auth_edge.verbs.finding import FAIL, OK, WARN, Finding
from rex_auth_edge.verbs.processes import heard
from rex_auth_edge.verbs.reach import Reach, Verbs

_NAMED = 5
_LATE = 15 * MINUTE
_ROTATION_DUE = ROTATION + 2 * DAY
_RESTORE = "Stop the hub and run this again: it then says how to keep the file, and how to save what can be read."

_CLOCK = {
    ClockState.SYNCED: (OK, ""),
    ClockState.HOLDOVER: (OK, ""),
    ClockState.FLOOR: (WARN, "Check that NTP (systemd-timesyncd, chrony) runs and reaches a server."),
    ClockState.UNKNOWN: (FAIL, "Set it, or connect the hub to an NTP server."),
}


async def _place(reach: Reach) -> list[dict[str, Any]]:
    """Directory, secrets, disk, memory, settings."""
    return [finding.spoken() for finding in premises.findings(reach.settings)]


async def _database(reach: Reach) -> list[dict[str, Any]]:
    """Reads the whole database."""
    try:
        health = await reach.parts.store.read(check.whole)
    except RefusedError as error:
        return [Finding("database", FAIL, str(error), _RESTORE).spoken()]
    if health.problems:
        return [Finding("database", FAIL, " ".join(health.problems), _RESTORE).spoken()]
    return [Finding("database", OK, f"Whole, with schema {health.found}.").spoken()]


async def _mail(reach: Reach) -> list[dict[str, Any]]:
    """Whether the mail server talks to the hub; takes up to 45 seconds."""
    return [(await reachable(reach)).spoken()]


async def reachable(reach: Reach) -> Finding:
    """Whether the mail server talks to the hub."""
    said = await mail.probed(reach)
    if isinstance(said, Refused):
        advice = "Set SMTP_ENABLED=true and SMTP_SERVER; without mail nobody can reset a forgotten password alone."
        return Finding("mail server", WARN, "None is set, so letters wait.", advice)
    if said["result"] != "success":
        advice = "Check the line, the SMTP_ settings and the server; then `rex-auth-edge mail test ADDRESS`."
        return Finding("mail server", FAIL, f"{said['server']}: {said['reason']}", advice)
    return Finding("mail server", OK, f"{said['server']} takes letters.")


async def _state(reach: Reach) -> list[dict[str, Any]]:
    """Clock, certificate, owners, letters, keys, backups, clouds."""
    now = reach.parts.clock.now()
    level, advice = _CLOCK[now.state]
    found = [Finding("clock", level, reach.parts.clock.explain(), advice), certificates.finding(reach.settings, now)]
    found += await reach.parts.store.read(lambda conn: [_owners(conn, reach), _letters(conn, now.wall)])
    found += [_keys(reach), *_backups(reach), *await sharing.findings(reach)]
    return [finding.spoken() for finding in found]


def _backups(reach: Reach) -> list[Finding]:
    """Of a hub on SQLite that is more than a try-out."""
    settings = reach.settings
    kept = settings.database.get_backend_name() == "sqlite" and not settings.development
    return [backups.finding(settings.data_dir, reach.parts.clock.now())] if kept else []


async def _lan(reach: Reach) -> list[dict[str, Any]]:
    """Whether the hub is heard on its LAN; takes some seconds."""
    return [(await lan.finding(reach.settings)).spoken()] if reach.running else []


async def _redis(reach: Reach) -> list[dict[str, Any]]:
    """Of the cloud role: whether Redis answers, and how many processes hear each other by it."""
    found = await heard(reach)
    if found.count is None:
        advice = "Start it, or check RATELIMIT_STORAGE_URI: without it nobody can sign in or register."
        return [Finding("redis", FAIL, f"It doesn't answer: {found.error}.", advice).spoken()]
    return [Finding("redis", OK, f"Version {found.version} answers.").spoken(), _processes(found.count).spoken()]


def _processes(count: int) -> Finding:
    if count == 0:
        return Finding("processes", WARN, "None listens.", "Start one: `rex-auth-edge serve`.")
    return Finding("processes", OK, f"{count} {'hears' if count == 1 else 'hear'} what the others end.")


def _owners(conn: sa.Connection, reach: Reach) -> Finding:
    people = figures.members(conn)
    orphans = [house.slug for house in tenants.every(conn) if people.get(house.id, (0, 0))[1] == 0]
    if orphans:
        claim = "Claim it with the code that `rex-auth-edge setup-code` shows."
        invite = f"Invite one: `rex-auth-edge invite create --household {orphans[0]} --role owner`."
        advice = invite if reach.parts.home == NOBODY else claim
        named = ", ".join(orphans[:_NAMED]) + (f" and {len(orphans) - _NAMED} more" if len(orphans) > _NAMED else "")
        return Finding("owners", WARN, f"Nobody owns {named} yet.", advice)
    return Finding("owners", OK, "Every household has an owner.")


def _letters(conn: sa.Connection, wall: int) -> Finding:
    eldest = figures.eldest_letter(conn)
    if eldest is None:
        return Finding("outbox", OK, "No letter waits.")
    waits = max(0, wall - eldest.created_at)
    seen = f"A letter has waited for {waits // MINUTE} minutes: {eldest.last_error or 'not tried yet'}"
    if waits < _LATE:
        return Finding("outbox", OK, seen)
    advice = "See `rex-auth-edge mail list`; codes can be handed over meanwhile (`household codes`)."
    return Finding("outbox", WARN, seen, advice)


def _keys(reach: Reach) -> Finding:
    now = reach.parts.clock.now()
    key = reach.parts.keyring.signing(now)
    if not key.created_at:
        return Finding("keys", OK, "Tokens are signed with JWT_SECRET_KEY (HS256).")
    age = max(0, now.running - key.signs_from_at)
    seen = f"{key.algorithm.value} key, {age // DAY} days old."
    if age > _ROTATION_DUE:
        return Finding("keys", WARN, seen, "Run `rex-auth-edge key rotate`: the hub hasn't done it by itself.")
    return Finding("keys", OK, seen)


async def _uptime(reach: Reach) -> list[dict[str, Any]]:
    """That it answers at all."""
    seconds = (reach.parts.clock.now().boot - reach.started.boot) // SECOND
    return [Finding("hub", OK, f"Version {__version__} runs, and has for {seconds // 60} minutes.").spoken()]


VERBS: Verbs = {
    "hub": _uptime, "place": _place, "database": _database, "state": _state, "lan": _lan, "mail": _mail,
    "redis": _redis,
}  # fmt: skip
