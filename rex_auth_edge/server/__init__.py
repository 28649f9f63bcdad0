"""The HTTP server: listens, bounds what clients may do to it, and closes in order. Knows ASGI and nothing of ours."""

from rex_auth_edge.server.http import HttpServer, start_if_free
from rex_auth_edge.server.listening import ListenError, TlsFiles, bind
from rex_auth_edge.server.protocol import Bounds

__all__ = ["Bounds", "HttpServer", "ListenError", "TlsFiles", "bind", "start_if_free"]
