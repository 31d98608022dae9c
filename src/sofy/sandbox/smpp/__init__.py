"""A simulated mobile operator."""
