"""Failures that a person at the console can do something about."""


class ExplainedError(Exception):
    """Its text is one or more lines, each a sentence that says what is wrong and what to do."""
