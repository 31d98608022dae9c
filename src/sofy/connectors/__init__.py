"""Ways out: one folder per supplier, one contract (`base.py`)."""
