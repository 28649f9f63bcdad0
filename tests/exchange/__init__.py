"""Tests of the exchange between hubs and the cloud."""
