"""Segments: groups of contacts said in sentences, counted as they are written."""
