"""Three generations of paths, one set of handlers."""

PREFIXES = ("/auth", "/api/auth", "/api/v1/auth")


def paths(name: str, *, also: tuple[str, ...] = (), v1: tuple[str, ...] = ()) -> list[str]:
    """Every path of an endpoint: `name` and `also` under each prefix, and the gateway's own under `/api/v1`."""
    return [f"{prefix}/{tail}" for tail in (name, *also) for prefix in PREFIXES] + [f"/api/v1/{tail}" for tail in v1]
