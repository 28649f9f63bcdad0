"""What a device imports: verified offline, pinned, paired, and light."""
