"""A mail server that takes everything, in its way: for demo, training, tests."""
