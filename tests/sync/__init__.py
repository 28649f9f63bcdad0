"""Many places, one household: the rules of merging, the two ends, and a simulation of all that can happen to them."""
