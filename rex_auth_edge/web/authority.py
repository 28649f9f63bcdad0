"""How requests show on whose authority they come, as the document has it (OpenAPI 3.1, security schemes)."""

SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token."},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "access_token", "description": "An access token."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "From GET /auth/csrf: asked where a cookie authenticates an unsafe request.",
    },
    "refresh_bearer": {"type": "http", "scheme": "bearer", "description": "A refresh token."},
    "refresh_cookie": {"type": "apiKey", "in": "cookie", "name": "refresh_token", "description": "A refresh token."},
    "refresh_header": {"type": "apiKey", "in": "header", "name": "X-Refresh-Token", "description": "A refresh token."},
}
