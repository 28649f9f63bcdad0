"""What can be set: read once from environment, files and credentials, checked together, and frozen."""

from rex_auth_edge.settings.load import load
from rex_auth_edge.settings.model import NodeRole, Row, Settings, SettingsError, describe
from rex_auth_edge.settings.table import TABLE, Setting

__all__ = ["TABLE", "NodeRole", "Row", "Setting", "Settings", "SettingsError", "describe", "load"]
