"""Statements of French banks in lines of 120 signs (CFONB 120), read as those of camt are."""

from sofy.wire.cfonb.reader import load, looks_like, read

__all__ = ["load", "looks_like", "read"]
