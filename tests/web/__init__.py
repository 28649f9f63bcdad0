"""The HTTP surface, driven over real ASGI."""
