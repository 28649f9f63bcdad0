"""Days on which the disk, the power or the crowd is against the hub."""
