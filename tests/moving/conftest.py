"""The console's own fixtures: a hub's data directory where no hub runs."""

from tests.cli.conftest import stopped, template

__all__ = ["stopped", "template"]
