"""Conforming simulators of suppliers and platforms, for demo, training and tests. Never in production."""
