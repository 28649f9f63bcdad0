"""Letters: what they say, and the outbox that is drained to an SMTP server or, in development, to the console."""
