"""One household in many places: what travels between hubs and cloud, how it is merged, and the two ends without a line.

Nothing here does I/O, reads a clock or draws randomness. `hub` and `cloud` are driven by whoever holds a store and a
line: the server, or a simulation that has neither sockets nor sleep.
"""
