"""Announcing across real network namespaces, against avahi."""
