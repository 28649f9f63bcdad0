"""What can be set: read once from environment, files and credentials, checked together, and frozen."""

from rex_auth_edge.settings.load import load, load_beside, look
from rex_auth_edge.settings.model import Look, NodeRole, Row, Settings, SettingsError, describe
from rex_auth_edge.settings.table import TABLE, Setting

__all__ = [
    "TABLE",
    "Look",
    "NodeRole",
    "Row",
    "Setting",
    "Settings",
    "SettingsError",
    "describe",
    "load",
    "load_beside",
    "look",
]
