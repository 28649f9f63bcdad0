"""What happens when the clock is wrong."""
