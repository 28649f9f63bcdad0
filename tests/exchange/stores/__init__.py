"""Tests of the stores over SQL."""
