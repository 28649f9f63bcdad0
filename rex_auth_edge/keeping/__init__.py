"""Backups that leave the hub encrypted, and hubs made again from them."""
