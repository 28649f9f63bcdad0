"""The HTTP contract that deployed clients speak, over a whole hub."""
