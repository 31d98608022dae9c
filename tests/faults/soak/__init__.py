"""The reconciliation run: everything is broken at random, then the books of all sides are compared."""
