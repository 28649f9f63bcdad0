"""Why a round has failed, as a code that `exchange.oversight.words` puts into a sentence."""

UNREACHABLE, CERTIFICATE, BUSY, DAMAGED = "unreachable", "certificate", "busy", "damaged"
MALFORMED, UNKNOWN_KEY, STORAGE = "malformed", "unknown_key", "storage"
PROOF, NO_CLOUD, FAILING, SEALED, TOO_LARGE = "proof", "no_cloud", "failing", "sealed", "too_large"
NO_TLS = "no_tls"


class LineError(Exception):
    """The cloud hasn't done what was asked. `told` is how many milliseconds it asks to wait, `message` what it says."""

    def __init__(self, trouble: str, told: int = 0, message: str = "") -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.told = told
        self.message = message
