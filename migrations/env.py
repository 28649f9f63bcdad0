"""Alembic's environment: the program hands in a connection, and commits or undoes everything itself."""

from alembic import context

from rex_auth_edge.storage.columns import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, transactional_ddl=False, transaction_per_migration=False
)
context.run_migrations()
