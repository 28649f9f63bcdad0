"""Moving in: the people of a REX-47 authentication service, read from its own database, which is left as it is."""
