"""A household's ordinary rows and its cells, kept alike."""
