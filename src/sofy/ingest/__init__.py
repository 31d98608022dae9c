"""The doors for programs of clients: the HTTP API."""
