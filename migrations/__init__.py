"""One Alembic history for SQLite and MariaDB."""
