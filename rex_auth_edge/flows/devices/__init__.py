"""Devices: let in, given tokens, looked after, and ended."""
