"""What every controller asks: the flows' parts, who calls, and how often they may."""

from dataclasses import dataclass

from rex_auth_edge.exchange.elsewhere import Elsewhere
from rex_auth_edge.exchange.hub.synchronising import Synchronising
from rex_auth_edge.flows.authenticate import Authenticator
from rex_auth_edge.flows.devices.proving import Proofs
from rex_auth_edge.flows.parts import Parts
from rex_auth_edge.flows.people import People
from rex_auth_edge.web.csrf import Csrf
from rex_auth_edge.web.options import WebOptions
from rex_auth_edge.web.rates import Rates


@dataclass(frozen=True, slots=True)
class Desk:
    """Made once by the composition root and handed to each controller."""

    parts: Parts
    people: People
    authenticator: Authenticator
    rates: Rates
    csrf: Csrf
    proofs: Proofs
    options: WebOptions
    elsewhere: Elsewhere
    sync: Synchronising | None = None
