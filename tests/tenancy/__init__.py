"""Two households on one hub: neither sees, touches or hears of the other."""
