"""Verbs of the console, without a console."""
