"""SMPP 3.4 operators and aggregators, for SMS."""
