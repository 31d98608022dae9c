"""Artificially inflated traffic (SMS pumping): who is judged, by what, and what happens to their messages."""
