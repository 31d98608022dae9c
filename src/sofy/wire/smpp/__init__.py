"""SMPP 3.4: the codec, and the client and server ends of a session."""
