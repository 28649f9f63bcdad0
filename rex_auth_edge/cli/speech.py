"""What the voice app says: as text, or aloud by espeak-ng, which reads it from its standard input."""

import shutil
import subprocess

from rex_auth_edge.cli.fail import RefusedHereError

_ESPEAK = "espeak-ng"
_SLOWLY = ("-v", "en", "-s", "130", "-g", "8")
_PATIENCE = 60


def unless_mute() -> None:
    """Raises RefusedHereError where espeak-ng isn't installed."""
    if shutil.which(_ESPEAK) is None:
        raise RefusedHereError("cannot_speak", "espeak-ng isn't installed: on Debian `apt install espeak-ng`.")


def speak(sentence: str, *more: str) -> None:
    """Say it, slowly. Where the sound can't be played the text is what remains. `more` are options of espeak-ng."""
    command = [_ESPEAK, *_SLOWLY, *more, "--stdin"]
    subprocess.run(command, input=sentence.encode(), capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603
