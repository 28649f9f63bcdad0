"""Whether there is a backup that is young enough to be worth something."""

from pathlib import Path

from rex_auth_edge.domain.clock import DAY, HOUR, SECOND, Moment
from rex_auth_edge.keeping.backup import KEY_FILE, NAME
from rex_auth_edge.verbs.finding import OK, WARN, Finding

_OLD = 3 * DAY
_CHECK = "backups"


def finding(data_dir: Path, now: Moment) -> Finding:
    """By the backups in the data directory; copies elsewhere aren't known."""
    if not (data_dir / KEY_FILE).exists():
        advice = "Run `rex-auth-edge db backup-key`, and keep away from the hub what it prints."
        return Finding(_CHECK, WARN, "There is no key to lock backups to, so none are made each night.", advice)
    made = [path.stat().st_mtime for path in (data_dir / "backups").glob("*.age") if NAME.fullmatch(path.name)]
    if not made:
        return Finding(_CHECK, WARN, "There is none yet.", "Run `rex-auth-edge db backup`.")
    age = max(0, now.wall - int(max(made) * SECOND))
    seen = f"{len(made)} of them, the newest {age // HOUR} hours old."
    if age > _OLD:
        advice = "See why with `journalctl -u rex-auth-edge-backup`; then run `rex-auth-edge db backup`."
        return Finding(_CHECK, WARN, seen, advice)
    return Finding(_CHECK, OK, f"{seen} Copy one elsewhere now and then.")
