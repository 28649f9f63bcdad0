"""The household's certificate authority, and the hub's HTTPS with it."""
