"""Devices: let in, given tokens, and ended; as a device's own program sees it."""
