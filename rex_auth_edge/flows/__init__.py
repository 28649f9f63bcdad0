"""What people and machines do: sign up, sign in, refresh, recover. Each flow that writes is one transaction."""
