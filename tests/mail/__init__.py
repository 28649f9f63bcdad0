"""Mail: letters, the outbox and its drain, against real SMTP servers."""
