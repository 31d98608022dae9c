"""What changes the contracts of a client: staff write on their own login, a client only accepts."""
