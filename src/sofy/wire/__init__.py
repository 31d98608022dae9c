"""Protocols: bytes in, objects out. No database, no framework."""
