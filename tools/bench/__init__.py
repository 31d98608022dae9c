"""The benches: each prints a table and one JSON line; `sofy bench NAME` runs them."""
