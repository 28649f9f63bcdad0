"""Settings of the cloud role for processes in the tests' own, whose rates nobody counts."""

SETTINGS = {
    "REX_ROLE": "cloud",
    "SECRET_KEY": "a key of the tests' cloud, 32 bytes",
    "DATABASE_URL": "mysql://somewhere/rex",
    "RATELIMIT_STORAGE_URI": "redis://127.0.0.1:6379",
    "RATE_LIMIT_ENABLED": "false",
}
