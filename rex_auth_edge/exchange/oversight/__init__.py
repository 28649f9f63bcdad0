"""What people see of synchronisation and decide in it: how it stands, what touched them, what is held for an owner."""
