"""A household's ordinary rows and its cells, kept alike: what one says the other does, in either direction.

Both directions compare. `capture` writes as changes what the rows say and the cells don't; `adopt` brings the rows to
what the cells say. So each undoes nothing of the other, and doing either twice does nothing.
"""

from rex_auth_edge.exchange.mirror.adopting import adopt
from rex_auth_edge.exchange.mirror.beyond import beyond
from rex_auth_edge.exchange.mirror.capturing import capture, recapture
from rex_auth_edge.exchange.mirror.differing import differences
from rex_auth_edge.exchange.mirror.ended import with_ended
from rex_auth_edge.exchange.mirror.recapturing import recapture_all

__all__ = ["adopt", "beyond", "capture", "differences", "recapture", "recapture_all", "with_ended"]
