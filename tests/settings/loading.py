"""How tests load settings, and what these are refused for."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from rex_auth_edge.settings import Settings, SettingsError, load
from tests.doubles import SeededEntropy

EVERYWHERE = "0.0.0.0"  # noqa: S104  nothing listens in these tests
KEY = "k" * 32
CANARY = "hunter2-canary"
REDIS = {"RATELIMIT_STORAGE_URI": "redis://h"}


def loaded(data: Path, environ: Mapping[str, str] | None = None, toml: str | None = None) -> Settings:
    """A hub's settings without TLS, from an environment and perhaps a file's text."""
    config = None
    if toml is not None:
        config = data.parent / "rex.toml"
        config.write_text(toml)
        config.chmod(0o600)
    given = {"REX_DATA_DIR": str(data), "REX_TLS": "off"} | dict(environ or {})
    return load(given, config, entropy=SeededEntropy())


def problems(data: Path, environ: Mapping[str, str] | None = None, toml: str | None = None) -> list[str]:
    """What such settings are refused for."""
    with pytest.raises(SettingsError) as refused:
        loaded(data, environ, toml)
    assert all(problem.endswith(tuple(".?)")) for problem in refused.value.problems), "each is a sentence"
    return refused.value.problems
