"""The passwords that everybody tries first, known on the device itself."""

from functools import cache
from importlib.resources import files

_SHORTEST_STEM = 4


def is_common(password: str) -> bool:
    """Whether a password is listed, folded, as it is or without its trailing digits and symbols."""
    folded = password.casefold()
    stem = folded
    while stem and not stem[-1].isalpha():
        stem = stem[:-1]
    return _listed(folded) or (len(stem) >= _SHORTEST_STEM and _listed(stem))


def _listed(word: str) -> bool:
    return "\n" not in word and f"\n{word}\n" in _list()


@cache
def _list() -> str:
    """One string, since a set of as many takes ten times the memory; lines that begin with # say where it is from."""
    text = (files("rex_auth_edge.keys") / "common_passwords.txt").read_text()
    return "\n" + "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# "))
