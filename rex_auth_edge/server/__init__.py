"""The HTTP server: listens, bounds what clients may do to it, and closes in order. Knows ASGI and nothing of ours."""

from rex_auth_edge.server.errors import ListenError
from rex_auth_edge.server.http import HttpServer, start_if_free
from rex_auth_edge.server.listening import bind
from rex_auth_edge.server.protocol import Bounds
from rex_auth_edge.server.tls import LiveTls, TlsFiles

__all__ = ["Bounds", "HttpServer", "ListenError", "LiveTls", "TlsFiles", "bind", "start_if_free"]
