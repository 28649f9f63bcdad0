"""Facts and rules, without framework, database or network."""
