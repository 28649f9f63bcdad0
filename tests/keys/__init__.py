"""Signing, sealing and hashing: what an attacker holds, bends and sends back."""
