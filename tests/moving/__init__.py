"""Moving in from the original's database."""
