"""Hubs, a cloud, people, thieves and bad days in one process: no sockets, no sleeping, and the same from its seed."""
