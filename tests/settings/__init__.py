"""Settings: where they come from, what they can be, and what a refusal says."""
