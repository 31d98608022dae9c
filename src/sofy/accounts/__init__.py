"""People who log in: users, second factor, sessions, API keys."""
