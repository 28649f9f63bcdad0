"""`rex-auth-edge doctor`: what may be wrong with this hub, and what to do about it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rex_auth_edge.cli.ask import Ask, on_database, over
from rex_auth_edge.cli.command import register, tell
from rex_auth_edge.cli.fail import explained
from rex_auth_edge.cli.show import Shown, plain
from rex_auth_edge.cli.waiting import waiting
from rex_auth_edge.domain.failures import ExplainedError

if TYPE_CHECKING:
    from rex_auth_edge.settings import Look

Found = list[dict[str, Any]]

_GROUPS = ("place", "database", "state", "lan", "mail")
_OF_CLOUD = ("redis", "database", "state", "mail")
"""Asked beside the processes, which keep nothing on this machine."""
_HOURS = 4 * 3600.0


def add_to(main: click.Group) -> None:
    """Make `doctor` one of the group's commands."""
    exits = {0: "nothing has failed", 1: "something has (what to do is printed)"}
    register(main, "doctor", example="rex-auth-edge doctor", exits=exits)(_doctor)


def _doctor(config: Path | None, *, as_json: bool) -> None:
    """Check all that a hub lives on, from disk and clock to certificate, LAN, backups and units; say what to do.

    Works with a hub that runs, one that is stopped, and one that can't start.
    """
    with explained(as_json=as_json):
        tell(_diagnosis(config), _answer, lambda found: not found["ok"], as_json=as_json)


def _diagnosis(config: Path | None) -> dict[str, Any]:
    from rex_auth_edge import machine  # noqa: PLC0415 - `--help` doesn't pay for it
    from rex_auth_edge.settings import look  # noqa: PLC0415

    found = list(_examined(config, look(machine.environment(), config)))
    return {"ok": all(each["level"] != "fail" for each in found), "checks": found}


def _examined(config: Path | None, seen: "Look") -> Iterator[dict[str, Any]]:
    from rex_auth_edge.control import ControlUnavailableError, answers, socket_in  # noqa: PLC0415
    from rex_auth_edge.verbs import units  # noqa: PLC0415

    if seen.cloud:
        yield from _without_hub(config, seen, _OF_CLOUD)
        return
    yield from (finding.spoken() for finding in units.findings())
    socket = None if seen.data_dir is None else socket_in(seen.data_dir)
    try:
        if socket is not None and answers(socket):
            ask = over(socket)
            yield from _asked(ask, "hub")
            for group in _GROUPS:
                yield from _asked(ask, group)
            return
        advice = "Start it: `systemctl start rex-auth-edge`, or `rex-auth-edge serve`."
        yield _finding("hub", "fail", "No hub answers on this data directory.", advice)
    except ControlUnavailableError as error:
        yield _finding("hub", "fail", str(error), "Look at the hub's log (journalctl -u rex-auth-edge).")
    yield from _without_hub(config, seen, _GROUPS[1:])


def _without_hub(config: Path | None, seen: "Look", groups: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What keeps a program from starting, and what can be seen of it from its database."""
    from rex_auth_edge import machine  # noqa: PLC0415
    from rex_auth_edge.settings import load_beside  # noqa: PLC0415
    from rex_auth_edge.verbs import premises  # noqa: PLC0415

    for problem in seen.problems:
        yield _finding("settings", "fail", problem, "Nothing can start like this.")
    try:
        settings = load_beside(machine.environment(), config)
    except ExplainedError as error:
        for line in str(error).splitlines():
            if line not in seen.problems:
                yield _finding("data directory", "fail", line, "")
        return
    yield from (finding.spoken() for finding in premises.findings(settings))
    with ExitStack() as stack:
        try:
            ask = stack.enter_context(on_database(settings))
        except Exception as error:  # noqa: BLE001  a database can be broken in any way; that is what is asked
            yield _of_database(error)
            return
        for group in groups:
            yield from _asked(ask, group)


def _of_database(error: Exception) -> dict[str, Any]:
    """An explained failure's first line says what is wrong, the others what to do."""
    seen, *advice = str(error).splitlines() or [type(error).__name__]
    usual = [] if isinstance(error, ExplainedError) else ["Keep the file as it is, and put back a copy."]
    return _finding("database", "fail", seen, "\n".join(advice or usual))


def _asked(ask: Ask, group: str) -> Found:
    try:
        with waiting(f"Checking the {group}"):
            return list(ask(f"doctor.{group}", patience=_HOURS if group == "database" else 60.0))
    except ExplainedError as error:
        return [_finding(group, "fail", str(error), "Look at the hub's log (journalctl -u rex-auth-edge).")]


def _finding(check: str, level: str, seen: str, advice: str) -> dict[str, Any]:
    return {"check": check, "level": level, "seen": seen, "advice": advice}


_MARKS: Mapping[str, Callable[[str], str]] = {
    "ok": lambda text: click.style(text, fg="green"),
    "warn": lambda text: click.style(text, fg="yellow", bold=True),
    "fail": lambda text: click.style(text, fg="red", bold=True),
    "skipped": lambda text: click.style(text, dim=True),
}


def _answer(found: Mapping[str, Any]) -> Sequence[Shown]:
    return [line for each in found["checks"] for line in _lines(each)] + [_verdict(found["checks"])]


def _lines(each: Mapping[str, Any]) -> Iterator[str]:
    mark = _MARKS[each["level"]](f"{each['level']:<7}")
    yield f"{mark} {each['check']}: {plain(each['seen'])}"
    if each["advice"] and each["level"] != "ok":
        for line in each["advice"].splitlines():
            yield f"        -> {plain(line)}"


def _verdict(checks: Sequence[Mapping[str, Any]]) -> str:
    counts = {level: sum(each["level"] == level for each in checks) for level in _MARKS}
    if counts["fail"]:
        return f"{counts['fail']} failed, {counts['warn']} to look at."
    return f"Nothing failed, {counts['warn']} to look at." if counts["warn"] else "All is well."
