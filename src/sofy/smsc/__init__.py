"""The SMPP server for programs of clients."""
