"""What keeps a server from listening."""

from rex_auth_edge.domain.failures import ExplainedError


class ListenError(ExplainedError):
    """The server can't listen; the text is a sentence that says what to do."""
