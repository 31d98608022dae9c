"""The operator's own screens."""
