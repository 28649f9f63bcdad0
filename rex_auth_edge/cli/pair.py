"""`rex-auth-edge device pair`: this machine is the device, and asks a hub to be let in."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rex_auth_edge.cli import show, speech
from rex_auth_edge.cli.command import register, tell, unless_sure
from rex_auth_edge.cli.command import yes as sure
from rex_auth_edge.cli.fail import RefusedHereError, explained
from rex_auth_edge.cli.waiting import waiting
from rex_auth_edge.domain.failures import ExplainedError

if TYPE_CHECKING:
    from rex_auth_edge.client.line import Pin
    from rex_auth_edge.client.pair import Ask, Wish

_LISTEN = 3.0
"""Seconds to listen for hubs."""
_SHA256 = 32


class HubTroubleError(ExplainedError):
    """The hub isn't there, or isn't the right one; or what it told the device can't be kept."""


def add_to(device: click.Group) -> None:
    """Make `pair` one of the group's commands."""
    exits = {0: "let in", 1: "refused, or nobody has decided in time"}
    register(device, "pair", example="rex-auth-edge device pair --voice --scope lights", exits=exits)(_pair)


@sure
@click.argument("name", required=False)
@click.option("--voice", is_flag=True, help="Be the voice app: say the code as four words.")
@click.option("--speak", is_flag=True, help="Say it aloud too, with espeak-ng.")
@click.option("--words", is_flag=True, help="Compare six words with the hub's, instead of a code.")
@click.option("--qr", "scan", is_flag=True, help="Be let in by the text of an owner's QR code, from standard input.")
@click.option(
    "--hub", metavar="ADDRESS", help="The hub's name or address; without it the one that is open on this LAN."
)
@click.option("--fingerprint", metavar="SHA256", help="Insist on this household CA: `rex-auth-edge welcome` tells it.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("device"), show_default=True, help="Where the "
              "device keeps its key and what it is told.")  # fmt: skip
@click.option("--kind", help="What it is, such as lamp or tablet.")
@click.option("--room", help="Where it is.")
@click.option(
    "--scope", "scopes", multiple=True, help="What it asks to be allowed, such as lights; as often as needed."
)
@click.option("--household", metavar="SLUG", help="The household, where the hub has several.")
def _pair(
    config: Path | None,  # noqa: ARG001 - every command has it
    *,
    folder: Path,
    scan: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Be a device: ask a hub of this LAN to be let in, and keep key and tokens in a folder.

    An owner opens pairing first (`device window --for 5m`), and types the code at the hub's page or `device approve`.
    """
    with explained(as_json=as_json), _hub_trouble():
        if scan:
            _scanned(folder)
        else:
            _asked(folder, **how)
        tell(_paired(folder), show.Facts, lambda _: False, as_json=as_json)


@contextmanager
def _hub_trouble() -> Iterator[None]:
    from rex_auth_edge.client.folder import OpenToOthersError  # noqa: PLC0415 - `--help` doesn't pay for it
    from rex_auth_edge.client.reasons import HubError, HubRefusedError  # noqa: PLC0415

    try:
        yield
    except HubRefusedError as error:
        raise RefusedHereError(error.code, str(error)) from error
    except (HubError, OpenToOthersError) as error:
        raise HubTroubleError(str(error)) from error
    except OSError as error:
        raise HubTroubleError(f"{error.filename or 'The network'}: {error.strerror or error}.") from error


def _scanned(folder: Path) -> None:
    from rex_auth_edge.client import Hub  # noqa: PLC0415

    if sys.stdin.isatty():
        click.echo("Type or scan the text of the QR code:", err=True)
    Hub.pair(folder, sys.stdin.readline())


def _asked(
    folder: Path,
    *,
    hub: str | None,
    fingerprint: str | None,
    words: bool,
    voice: bool,
    speak: bool,
    yes: bool,
    **wanted: Any,
) -> None:
    from rex_auth_edge.client.folder import Folder  # noqa: PLC0415
    from rex_auth_edge.client.pair import ask  # noqa: PLC0415
    from rex_auth_edge.client.pin import fingerprint as authority  # noqa: PLC0415

    if speak:
        speech.unless_mute()
    pin = _pinned(hub, fingerprint)
    asked = ask(Folder(folder), pin, _wish(voice=voice, **wanted), "window" if words else "grant")
    _shown(asked, {"hub's CA": authority(pin).hex() if pin.ca else None})
    _said(asked.say, voice=voice, speak=speak)
    if words:
        unless_sure("Does the hub show the same six words?", yes=yes)
    with waiting("Waiting for an owner"):
        asked.wait()
    _said("Thank you, I am in.", voice=voice, speak=speak)


def _pinned(hub: str | None, fingerprint: str | None) -> "Pin":
    """The hub at an address, or the one on this LAN whose window is open."""
    from rex_auth_edge.client import place  # noqa: PLC0415

    try:
        known = bytes.fromhex(fingerprint.replace(":", "")) if fingerprint else None
    except ValueError:
        known = b""
    if known is not None and len(known) != _SHA256:
        raise click.UsageError("--fingerprint is 64 hexadecimal digits.")
    if hub is not None:
        return place.at(hub, known)
    with waiting("Listening for hubs"):
        return place.open_on_lan(_LISTEN, known)


def _wish(
    *, voice: bool, name: str | None, kind: str | None, room: str | None, scopes: tuple[str, ...], household: str | None
) -> "Wish":
    from rex_auth_edge.client.pair import Wish  # noqa: PLC0415

    usual = ("Voice", "voice") if voice else ("A device", "other")
    return Wish(name or usual[0], kind or usual[1], scopes, room, household)


def _shown(asked: "Ask", more: Mapping[str, str | None]) -> None:
    """What a person needs who is to let it in; on standard error, where it is seen before the answer is there."""
    facts = {
        "open": asked.uri, "code": asked.user_code, "words": asked.words, "compare": " ".join(asked.compare) or None
    }  # fmt: skip
    for name, value in (facts | dict(more)).items():
        if value:
            click.echo(f"{name:<8}  {show.plain(value)}", err=True)
    if asked.uri_complete and sys.stderr.isatty():
        click.echo(show.qr(asked.uri_complete), err=True)


def _said(sentence: str | None, *, voice: bool, speak: bool) -> None:
    if sentence and voice:
        click.echo(f'says      "{show.plain(sentence)}"', err=True)
    if sentence and speak:
        speech.speak(sentence)


def _paired(folder: Path) -> dict[str, Any]:
    from rex_auth_edge.client import Hub  # noqa: PLC0415

    hub = Hub(folder)
    return {"device": hub.device_id, "kind": hub.kind, "household": hub.tenant_id, "folder": str(folder)}
