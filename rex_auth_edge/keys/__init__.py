"""Everything that signs, seals or hashes: keyring, tokens, passwords, keyed hashes. Knows no rows and no HTTP."""
