"""RCS over Google RBM."""
