"""`make bench`: this program beside its ceilings, in one run, as ratios."""
