"""The hub's own pages: in process over ASGI, and in a real browser."""
