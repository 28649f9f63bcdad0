"""`rex-auth-edge welcome`: where the hub is, how to know that it is the right one, and how to make it one's own."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import click

from rex_auth_edge.cli.ask import Ask
from rex_auth_edge.cli.command import command
from rex_auth_edge.cli.show import Facts, Shown, qr


def add_to(main: click.Group) -> None:
    """Make `welcome` one of the group's commands."""
    command(main, "welcome", example="rex-auth-edge welcome", answer=_answer)(_shown)


def _shown(ask: Ask) -> dict[str, Any]:
    """Show the hub's address, its CA's fingerprint and the setup code, and a QR code of the three for a phone.

    The QR code leads to the page that says how a device comes to trust the hub: compare the fingerprint with the one
    there. The setup code is there until somebody owns the hub.
    """
    from rex_auth_edge.machine import addresses  # noqa: PLC0415 - `--help` doesn't pay for it
    from rex_auth_edge.mdns import announced  # noqa: PLC0415
    from rex_auth_edge.settings.model import url_at  # noqa: PLC0415

    said = ask("welcome.show")
    scheme = "https" if said["tls"] else "http"
    found = sorted(announced(addresses(), said["listens"]))
    first = _first_time(said)
    return {
        "url": said["url"],
        "first_time": first,
        "addresses": [url_at(scheme, address, said["port"]) for address in found],
        "fingerprint": said["fingerprint"],
        "setup_code": said["setup_code"],
        "link": _link(said, first),
    }


def _first_time(said: Mapping[str, Any]) -> str | None:
    """The page that says how to trust the hub, if the hub itself is who serves it on this machine."""
    from rex_auth_edge.client.find import authority  # noqa: PLC0415 - `--help` doesn't pay for it
    from rex_auth_edge.settings.model import url_at  # noqa: PLC0415

    try:
        offered = hashlib.sha256(authority(f"127.0.0.1:{said['http_port']}")).hexdigest()
    except OSError:
        return None
    own = (said["fingerprint"] or "").replace(":", "").lower()
    return url_at("http", said["host"], said["http_port"]) + "/trust" if offered == own else None


def _link(said: Mapping[str, Any], first: str | None) -> str:
    """All three in one. What follows `#` stays in the phone: no server and no log sees it."""
    told = {"setup_code": said["setup_code"], "sha256": (said["fingerprint"] or "").replace(":", "").lower()}
    rest = "&".join(f"{name}={value}" for name, value in told.items() if value)
    page = first or said["url"] + ("/claim" if said["setup_code"] else "/")
    return f"{page}#{rest}" if rest else page


def _answer(said: Mapping[str, Any]) -> Sequence[Shown]:
    facts = {
        "address": said["url"],
        "first time": said["first_time"],
        "or": ", ".join(said["addresses"]) or None,
        "fingerprint": said["fingerprint"],
        "setup code": said["setup_code"],
    }
    return [Facts(facts), "", qr(said["link"])]
