"""Devices that act for people: the tokens that name both, and people who confirm on their phones."""
