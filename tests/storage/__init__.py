"""Rows: both engines, the schema's history, the lock on the data directory."""
