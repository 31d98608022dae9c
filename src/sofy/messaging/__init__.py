"""Screens and rules over the engine: routes, senders, message log; runs the migrations of the engine's tables."""
