"""A simulated RBM platform, with its phones."""
