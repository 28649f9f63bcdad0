"""The JSON API: one controller per flow, each answering on every path that a deployed client calls it by."""
