"""Pages of late payers."""
