"""What a device or an app at home imports: it needs nothing of the hub's own rooms but domain."""
