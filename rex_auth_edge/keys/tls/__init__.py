"""The household's own certificate authority: made once, name-constrained, and the hub's certificate kept good by it."""

from rex_auth_edge.keys.tls.household import CaError, HouseholdCa, fingerprint, spelled

__all__ = ["CaError", "HouseholdCa", "fingerprint", "spelled"]
