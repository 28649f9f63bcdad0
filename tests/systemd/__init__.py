"""The hub under a systemd that really runs: as PID 1 of namespaces, over a Debian root of its own."""
