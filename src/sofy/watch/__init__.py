"""What a process counts of itself, and how a monitor reads it."""
