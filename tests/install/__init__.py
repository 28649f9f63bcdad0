"""install.sh on clean machines that have no network: each way it is run, and each way it is kept from ending."""
