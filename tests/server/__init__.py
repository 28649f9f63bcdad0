"""The HTTP server, by itself."""
